// Any document of targets, as JSON and as YAML, is refused or, printed and read again, is the same;
// and what it makes of Alertmanagers is a URL that ends where its address says.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "discovery/target_document.h"
#include "rules/notifier/alertmanager_url.h"

namespace {

namespace discovery = silverback::discovery;
namespace json = boost::json;
using discovery::DocumentFormat;
using discovery::TargetGroup;

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

std::string printed(const std::vector<TargetGroup>& groups) {
  json::array list;
  for (const TargetGroup& group : groups) {
    json::array targets;
    for (const silverback::Labels& target : group.targets)
      targets.push_back(json::string(view(target.get("__address__"))));
    json::object labels;
    for (const silverback::Label& label : group.labels)
      labels.emplace(view(label.name), view(label.value));
    list.push_back(json::object{{"targets", std::move(targets)}, {"labels", std::move(labels)}});
  }
  return json::serialize(list);
}

void check_urls(const std::vector<TargetGroup>& groups) {
  discovery::TargetGroups shared;
  for (const TargetGroup& group : groups)
    shared.push_back(std::make_shared<const TargetGroup>(group));
  const auto urls = silverback::notifier::alertmanager_urls(shared, {}, {});
  for (const std::string& url : urls.active) {
    for (const char c : url) {
      if (c > ' ' && c != '?' && c != '#' && c != '\\') continue;
      std::fprintf(stderr, "not a URL: %s\n", url.c_str());
      std::abort();
    }
  }
}

void check(std::string_view document, DocumentFormat format) {
  const auto groups = discovery::parse_targets(document, format, "x", "__meta_url");
  if (!groups) return;
  const std::string text = printed(*groups);
  const auto again = discovery::parse_targets(text, DocumentFormat::kJson, "x", "__meta_url");
  if (!again || *again != *groups) {
    std::fprintf(stderr, "read again it differs: %s\n", text.c_str());
    std::abort();
  }
  check_urls(*groups);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view document(reinterpret_cast<const char*>(data), size);
  check(document, DocumentFormat::kJson);
  check(document, DocumentFormat::kYaml);
  return 0;
}
