// Which rules of a group need which: those that do not can be evaluated side by side and stored
// together, with the results of one after the other.
// Source: what a rule reads are the selectors of its expression. Threads: free functions.
#pragma once

#include <cstddef>
#include <vector>

#include "rules/rule_set.h"

namespace silverback::rules {

// The rules of a group, by number, in batches. Each rule comes after all earlier rules that write
// what it reads, and before all later ones that do (it is to see what they wrote last time).
// A selector without a metric's name reads what every rule writes, and so does a template that
// queries.
std::vector<std::vector<std::size_t>> evaluation_batches(const std::vector<RuleSpec>& rules);

}  // namespace silverback::rules
