// Any text either fails to parse or, printed and parsed again, is the same tree. Selectors and
// series texts only have to survive.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "promql/parser.h"
#include "tests/promql/tree_dump.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using silverback::testing::TreeDump;
  namespace promql = silverback::promql;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(promql::parse_metric_selector(text));
  static_cast<void>(promql::parse_metric(text));

  constexpr promql::Features kAll{.experimental_functions = true,
                                  .extended_range_selectors = true,
                                  .binop_fill_modifiers = true,
                                  .delayed_name_removal = true,
                                  .type_and_unit_labels = true};
  static_cast<void>(promql::parse(text, {}));
  const auto tree = promql::parse(text, kAll);
  if (!tree) return 0;
  const std::string printed = promql::print(**tree);
  const auto again = promql::parse(printed, kAll);
  if (again && TreeDump::of(**again) == TreeDump::of(**tree) && promql::print(**again) == printed) {
    return 0;
  }
  std::fprintf(stderr, "printed as %s\n%s\n", printed.c_str(),
               again ? TreeDump::of(**again).c_str() : again.error().message.c_str());
  std::abort();
}
