// Any page either fails or, printed and read again, is the same page.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tests/ingest/exposition_printer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using silverback::testing::print_page;
  using silverback::testing::read_page;
  const auto entries = read_page({reinterpret_cast<const char*>(data), size});
  if (!entries) return 0;
  const auto again = read_page(print_page(*entries));
  if (!again || *again != *entries) std::abort();
  return 0;
}
