// What the command lines of the tool verbs have in common. Their flags, exit codes and the side on
// which they print are promtool's; the server's own flags are flags.h.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "cmd/console.h"
#include "promql/parser.h"

namespace CLI {
class App;
}

namespace silverback::cmd {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // wrong flags, too
inline constexpr int kExitLint = 3;

// Sets what `app` binds. Nothing: go on. Otherwise the help or what is wrong has been printed and
// this is the exit code.
std::optional<int> parse_command_line(CLI::App& app, std::span<const std::string> arguments,
                                      Console& console);
// Prints `silverback: error: why, try --help`; gives the exit code.
int refuse_command_line(const std::string& why, Console& console);

// Every path is there and no directory; looked at before anything is done. Errors:
// kInvalidArgument.
Status require_files(std::span<const std::string> paths);

// Defines --enable-feature of a verb.
void add_feature_flag(CLI::App& app, std::vector<std::string>& values);
// What the values of --enable-feature switch; warns about those that switch nothing. Errors:
// kInvalidArgument.
Result<promql::Features> features_of(std::span<const std::string> values, Console& console);

}  // namespace silverback::cmd
