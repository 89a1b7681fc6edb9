// Where a verb reads and writes: the terminal, or streams of a test. Threads: as streams.
#pragma once

#include <iosfwd>

namespace silverback::cmd {

// Writing to std::cerr flushes std::cout, so that on a terminal errors stand where they belong.
struct Console {
  std::istream& in;
  std::ostream& out;  // what was asked for
  std::ostream& err;  // what went wrong
};

}  // namespace silverback::cmd
