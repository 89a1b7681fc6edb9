#include "cmd/check_targets.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include "discovery/target_document.h"
#include "discovery/target_group.h"

namespace silverback::cmd {
namespace {

using discovery::TargetGroup;

constexpr std::string_view kAddress = "__address__";

Result<TargetRules> rules_of(const LabelsBuilder& defaults,
                             const std::vector<config::RelabelRule>& relabel_configs) {
  TargetRules rules;
  rules.defaults = defaults.build();
  rules.relabeling = TRY(config::Relabeling::make(relabel_configs));
  return rules;
}

Status check_target(const Labels& target, const TargetGroup& group, const TargetRules& rules) {
  LabelsBuilder labels(rules.defaults);
  set_target_labels(target, group, labels);
  if (!rules.relabeling.apply(labels)) return {};
  const std::string_view address = labels.get(kAddress);
  if (address.empty()) return fail(ErrorCode::kInvalidArgument, "no address");
  if (address.find('/') != std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument, quote(address) + " is not a valid hostname");
  return {};
}

Status check_groups(const std::vector<TargetGroup>& groups, const TargetRules& rules) {
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t k = 0; k < groups[i].targets.size(); ++k) {
      Status checked = check_target(groups[i].targets[k], groups[i], rules);
      if (!checked) {
        return fail(std::move(checked).error().within("instance " + std::to_string(k) +
                                                      " in group " + std::to_string(i)));
      }
    }
  }
  return {};
}

}  // namespace

Result<TargetRules> target_rules(const config::ScrapeConfig& job) {
  LabelsBuilder defaults;
  defaults.set("job", job.job_name)
      .set("__scheme__", job.scheme)
      .set("__metrics_path__", job.metrics_path)
      .set("__scrape_interval__", format_duration(job.scrape_interval))
      .set("__scrape_timeout__", format_duration(job.scrape_timeout));
  for (const auto& [name, values] : job.params) {
    if (!values.empty()) defaults.set("__param_" + name, values.front());
  }
  return rules_of(defaults, job.relabel_configs);
}

Result<TargetRules> target_rules(const config::AlertmanagerConfig& alertmanager) {
  LabelsBuilder defaults;
  defaults.set("__scheme__", alertmanager.scheme)
      .set("__alerts_path__", alertmanager.path_prefix + "/api/v2/alerts");
  return rules_of(defaults, alertmanager.relabel_configs);
}

Status check_targets(const std::vector<config::StaticTargets>& groups, const TargetRules& rules) {
  std::vector<TargetGroup> made;
  for (const config::StaticTargets& group : groups) {
    LabelsBuilder labels;
    for (const auto& [name, value] : group.labels) labels.set(name, value);
    TargetGroup& one = made.emplace_back();
    one.labels = labels.build();
    for (const std::string& target : group.targets) one.targets.push_back({{kAddress, target}});
  }
  return check_groups(made, rules);
}

Status check_target_file(FileSystem& files, const std::string& path, const TargetRules& rules) {
  const std::string text = TRY(files.read_all(path));
  const auto format =
      path.ends_with(".json") ? discovery::DocumentFormat::kJson : discovery::DocumentFormat::kYaml;
  return check_groups(TRY(discovery::parse_targets(text, format, path, "__meta_filepath")), rules);
}

}  // namespace silverback::cmd
