// The seed of a randomized test: the same in every run, so that a change is judged by what it
// changes; SILVERBACK_SEED=… explores others (the long runs of scripts/soak draw one).
#pragma once

#include <cstdint>
#include <cstdlib>

namespace silverback::testing {

inline std::uint64_t seed() {
  const char* given = std::getenv("SILVERBACK_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20'261'121;
}

}  // namespace silverback::testing
