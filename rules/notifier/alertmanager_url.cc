#include "rules/notifier/alertmanager_url.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "base/labels.h"
#include "base/result.h"

namespace silverback::notifier {
namespace {

constexpr std::string_view kAddress = "__address__";
constexpr std::string_view kScheme = "__scheme__";
constexpr std::string_view kAlertsPath = "__alerts_path__";

// Absolute, without empty parts, `.` and `..`. Source: Go's path.Join.
std::string clean_path(std::string_view path) {
  std::string clean;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part == "..")
      clean.resize(clean.empty() ? 0 : clean.rfind('/'));
    else if (!part.empty() && part != ".")
      clean.append("/").append(part);
    begin = end + 1;
  }
  return clean.empty() ? "/" : clean;
}

// Source: the path of Go's url.URL.String.
std::string escape_path(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-_.~$&+,/:;=@";
  std::string escaped;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || kPlain.find(c) != kPlain.npos;
    if (is_plain)
      escaped.push_back(c);
    else
      escaped.append({'%', kHex[byte >> 4], kHex[byte & 0xf]});
  }
  return escaped;
}

// What could not be the host of a URL, or would end it early or be its user.
bool is_host(std::string_view address) {
  constexpr std::string_view kRefused = "/?#@\\%\"<>^`{|}";
  return !address.empty() && std::all_of(address.begin(), address.end(), [&](char c) {
    return c > ' ' && c != '\x7f' && kRefused.find(c) == kRefused.npos;
  });
}

std::string url_of(const LabelsBuilder& labels) {
  std::string url(labels.get(kScheme));
  return url.append("://")
      .append(labels.get(kAddress))
      .append(escape_path(labels.get(kAlertsPath)));
}

Status check(const LabelsBuilder& labels) {
  const std::string_view scheme = labels.get(kScheme);
  const std::string_view path = labels.get(kAlertsPath);
  if (!is_host(labels.get(kAddress)))
    return fail(ErrorCode::kInvalidArgument,
                quote(labels.get(kAddress)) + " is not a valid address");
  if (scheme != "http" && scheme != "https")
    return fail(ErrorCode::kInvalidArgument, quote(scheme) + " is not a scheme of HTTP");
  if (!path.empty() && !path.starts_with('/'))
    return fail(ErrorCode::kInvalidArgument, quote(path) + " is not an absolute path");
  return {};
}

}  // namespace

AlertmanagerUrls alertmanager_urls(const discovery::TargetGroups& groups,
                                   const config::AlertmanagerConfig& section,
                                   const config::Relabeling& relabeling) {
  const std::string path =
      clean_path(section.path_prefix + "/api/" + section.api_version + "/alerts");
  AlertmanagerUrls urls;
  std::unordered_set<std::string> active, dropped;
  LabelsBuilder labels;
  for (const auto& group : groups) {
    for (const Labels& target : group->targets) {
      labels.clear();
      labels.set(kScheme, section.scheme).set(kAlertsPath, path);
      discovery::set_target_labels(target, *group, labels);
      std::string before = url_of(labels);
      if (!relabeling.apply(labels)) {
        if (dropped.insert(before).second) urls.dropped.push_back(std::move(before));
      } else if (const Status good = check(labels); !good) {
        urls.invalid.push_back(group->source + ": " + good.error().message);
      } else if (std::string url = url_of(labels); active.insert(url).second) {
        urls.active.push_back(std::move(url));
      }
    }
  }
  return urls;
}

}  // namespace silverback::notifier
