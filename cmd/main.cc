// `silverback [verb] …`: picks the verb.
#include <algorithm>
#include <iostream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "cmd/check.h"
#include "cmd/console.h"
#include "cmd/query.h"
#include "cmd/serve.h"
#include "cmd/test_rules.h"
#include "cmd/version.h"

namespace {

constexpr int kExitUsage = 2;

struct ToolVerb {
  std::string_view name;
  int (*run)(std::span<const std::string> arguments, silverback::cmd::Console& console);
};
constexpr ToolVerb kToolVerbs[] = {
    {"check", &silverback::cmd::check},
    {"query", &silverback::cmd::query},
    {"test", &silverback::cmd::test},
};

// Names that are promised and not built yet: better an honest word than "unknown".
constexpr std::string_view kComingVerbs[] = {"tsdb"};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty() || arguments.front().starts_with('-')) {
    return silverback::cmd::serve(arguments);
  }
  const std::string& verb = arguments.front();
  if (verb == "serve") return silverback::cmd::serve(std::span(arguments).subspan(1));
  if (verb == "version") {
    std::cout << silverback::cmd::version_line() << '\n';
    return 0;
  }
  const auto* tool = std::find_if(std::begin(kToolVerbs), std::end(kToolVerbs),
                                  [&](const ToolVerb& known) { return known.name == verb; });
  if (tool != std::end(kToolVerbs)) {
    // What a verb has to say goes to the console; the server's remarks would only be in between.
    silverback::configure_log("error", "logfmt");
    silverback::cmd::Console console{std::cin, std::cout, std::cerr};
    return tool->run(std::span(arguments).subspan(1), console);
  }
  for (const std::string_view coming : kComingVerbs) {
    if (verb != coming) continue;
    std::cerr << "silverback: error: `" << verb << "` is not built yet\n";
    return kExitUsage;
  }
  std::cerr << "silverback: error: unknown verb `" << verb << "`; try `silverback --help`\n";
  return kExitUsage;
}
