#include "discovery/target_group.h"

namespace silverback::discovery {

void set_target_labels(const Labels& target, const TargetGroup& group, LabelsBuilder& labels) {
  for (const Label& label : group.labels) labels.set(label.name, label.value);
  for (const Label& label : target) labels.set(label.name, label.value);
}

}  // namespace silverback::discovery
