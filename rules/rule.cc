#include "rules/rule.h"

#include <unordered_set>

namespace silverback::rules {

Status check_unique(const std::vector<const Labels*>& labels, std::string_view kind) {
  std::unordered_set<std::string_view> seen;
  seen.reserve(labels.size());
  for (const Labels* one : labels) {
    if (!seen.insert(one->bytes()).second) {
      return fail(ErrorCode::kExecution,
                  "vector contains metrics with the same labelset after applying " +
                      std::string(kind) + " labels");
    }
  }
  return {};
}

}  // namespace silverback::rules
