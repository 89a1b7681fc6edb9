// `silverback [verb] …`: picks the verb.
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/serve.h"
#include "cmd/version.h"

namespace {

constexpr int kExitUsage = 2;

// Names that are promised and not built yet: better an honest word than "unknown".
constexpr std::string_view kComingVerbs[] = {"check", "test", "query", "tsdb"};

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
  for (const std::string_view coming : kComingVerbs) {
    if (verb != coming) continue;
    std::cerr << "silverback: error: `" << verb << "` is not built yet\n";
    return kExitUsage;
  }
  std::cerr << "silverback: error: unknown verb `" << verb << "`; try `silverback --help`\n";
  return kExitUsage;
}
