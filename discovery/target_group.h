// What discovery finds: targets in groups that share labels. Relabelling makes of each what is
// scraped, or who is sent alerts; that is for those who ask.
// Threads: immutable values.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/labels.h"

namespace silverback::discovery {

struct TargetGroup {
  // Who said so: `/etc/targets.json:0`, `http://host/targets:3`. The last part counts the groups
  // of one document; a static group is only that number.
  std::string source;
  Labels labels;                // of all of them, such as __meta_filepath
  std::vector<Labels> targets;  // of each: __address__, and more where a discovery knows more

  bool operator==(const TargetGroup&) const = default;
};

// What did not change keeps its pointer, so that comparing pointers finds what did.
using TargetGroups = std::vector<std::shared_ptr<const TargetGroup>>;

// Sets in `labels` what is known of one target before relabelling: its own labels, which win over
// those of its group.
void set_target_labels(const Labels& target, const TargetGroup& group, LabelsBuilder& labels);

}  // namespace silverback::discovery
