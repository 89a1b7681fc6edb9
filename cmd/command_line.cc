#include "cmd/command_line.h"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <system_error>

#include <CLI/CLI.hpp>

#include "base/labels.h"
#include "cmd/features.h"

namespace silverback::cmd {
namespace {

// CLI11 takes the next argument for the value of `--name=`. As two arguments it understands it.
std::vector<std::string> with_empty_values_split(std::span<const std::string> arguments) {
  std::vector<std::string> split;
  bool flags = true;
  for (const std::string& argument : arguments) {
    if (argument == "--") flags = false;
    const bool is_empty = flags && argument.starts_with("--") && argument.size() > 3 &&
                          argument.find('=') == argument.size() - 1;
    split.push_back(is_empty ? argument.substr(0, argument.size() - 1) : argument);
    if (is_empty) split.emplace_back();
  }
  return split;
}

// CLI11 only says that a subcommand is missing.
bool names_unknown_command(const CLI::App& app, std::span<const std::string> arguments) {
  return app.get_require_subcommand_min() > 0 && app.get_subcommands().empty() &&
         !arguments.empty() && !arguments.front().starts_with('-');
}

}  // namespace

std::optional<int> parse_command_line(CLI::App& app, std::span<const std::string> arguments,
                                      Console& console) {
  std::vector<std::string> last_first = with_empty_values_split(arguments);
  std::reverse(last_first.begin(), last_first.end());  // as CLI11 wants them
  try {
    app.parse(std::move(last_first));
  } catch (const CLI::Success& help) {
    return app.exit(help, console.out, console.err);
  } catch (const CLI::ParseError& error) {
    if (names_unknown_command(app, arguments))
      return refuse_command_line("expected a command but got " + quote(arguments.front()), console);
    return refuse_command_line(error.what(), console);
  }
  return std::nullopt;
}

int refuse_command_line(const std::string& why, Console& console) {
  console.err << "silverback: error: " << why << ", try --help\n";
  return kExitFailed;
}

Status require_files(std::span<const std::string> paths) {
  for (const std::string& path : paths) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) {
      return fail(ErrorCode::kInvalidArgument, "path '" + path + "' does not exist");
    }
    if (std::filesystem::is_directory(status)) {
      return fail(ErrorCode::kInvalidArgument, "'" + path + "' is a directory");
    }
  }
  return {};
}

void add_feature_flag(CLI::App& app, std::vector<std::string>& values) {
  app.add_option("--enable-feature", values,
                 "Features of the language to switch on, with commas between them: "
                 "promql-experimental-functions and the like")
      ->delimiter(',')
      ->allow_extra_args(false);
}

Result<promql::Features> features_of(std::span<const std::string> values, Console& console) {
  for (const std::string& warning : TRY(check_features(values))) {
    console.err << "  WARNING: " << warning << '\n';
  }
  return promql_features(values);
}

}  // namespace silverback::cmd
