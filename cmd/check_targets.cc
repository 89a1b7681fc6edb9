#include "cmd/check_targets.h"

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "config/relabel.h"
#include "discovery/target_document.h"
#include "scrape/target.h"

namespace silverback::cmd {
namespace {

using discovery::TargetGroup;

constexpr std::string_view kAddress = "__address__";

Status check_groups(const std::vector<TargetGroup>& groups, const TargetCheck& check) {
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t k = 0; k < groups[i].targets.size(); ++k) {
      Status checked = check(groups[i].targets[k], groups[i]);
      if (!checked) {
        return fail(std::move(checked).error().within("instance " + std::to_string(k) +
                                                      " in group " + std::to_string(i)));
      }
    }
  }
  return {};
}

}  // namespace

Result<TargetCheck> target_check(const config::ScrapeConfig& job) {
  auto rules = std::make_shared<const scrape::TargetRules>(TRY(scrape::target_rules(job)));
  return TargetCheck([rules](const Labels& target, const TargetGroup& group) -> Status {
    TRY(scrape::make_target(*rules, target, group));
    return {};
  });
}

Result<TargetCheck> target_check(const config::AlertmanagerConfig& alertmanager) {
  LabelsBuilder labels;
  labels.set("__scheme__", alertmanager.scheme)
      .set("__alerts_path__", alertmanager.path_prefix + "/api/v2/alerts");
  auto relabeling = std::make_shared<const config::Relabeling>(
      TRY(config::Relabeling::make(alertmanager.relabel_configs)));
  return TargetCheck([defaults = labels.build(), relabeling](const Labels& target,
                                                             const TargetGroup& group) -> Status {
    LabelsBuilder found(defaults);
    set_target_labels(target, group, found);
    if (!relabeling->apply(found)) return {};
    return scrape::check_address(found.get(kAddress));
  });
}

Status check_targets(const std::vector<config::StaticTargets>& groups, const TargetCheck& check) {
  std::vector<TargetGroup> made;
  for (const config::StaticTargets& group : groups) {
    LabelsBuilder labels;
    for (const auto& [name, value] : group.labels) labels.set(name, value);
    TargetGroup& one = made.emplace_back();
    one.labels = labels.build();
    for (const std::string& target : group.targets) one.targets.push_back({{kAddress, target}});
  }
  return check_groups(made, check);
}

Status check_target_file(FileSystem& files, const std::string& path, const TargetCheck& check) {
  const std::string text = TRY(files.read_all(path));
  const auto format =
      path.ends_with(".json") ? discovery::DocumentFormat::kJson : discovery::DocumentFormat::kYaml;
  return check_groups(TRY(discovery::parse_targets(text, format, path, "__meta_filepath")), check);
}

}  // namespace silverback::cmd
