// What must hold before bytes go to the disk. Checked in every build, unlike assert(), because
// somebody's only copy of the data is at stake: a program with such a bug stops before it writes.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace silverback {

[[noreturn]] inline void stop_for_broken_invariant(const char* condition, const char* file,
                                                   int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}

#define INVARIANT(condition)          \
  ((condition) ? static_cast<void>(0) \
               : ::silverback::stop_for_broken_invariant(#condition, __FILE__, __LINE__))

}  // namespace silverback
