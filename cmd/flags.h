// The command line of `silverback [serve]`: one table of flags (flags.cc), from which come parsing,
// --help, /api/v1/status/flags and docs/flags.md. Names, meanings and defaults are Prometheus's.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace silverback::cmd {

enum class FlagKind : std::uint8_t { kText, kTextList, kBool, kDuration, kBytes, kCount };

enum class FlagUse : std::uint8_t {
  kWorks,
  kIgnored,  // Prometheus has it, here there is nothing for it to do: a warning
  kRefused,  // who sets it relies on what is not built yet: no start
};

struct FlagSpec {
  std::string_view name;  // without dashes
  FlagKind kind;
  FlagUse use;
  std::string_view default_value;
  std::string_view help;  // for kRefused: why
};

// All of them, in the order of the help.
std::span<const FlagSpec> flag_specs();

class Flags {
 public:
  // Values of flags that work. Requires a name of the table and the accessor of its kind.
  const std::string& text(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;
  bool on(std::string_view name) const;
  DurationMs duration(std::string_view name) const;
  std::uint64_t bytes(std::string_view name) const;
  std::uint64_t count(std::string_view name) const;

  // Name and value of every flag, sorted by name; several values of one flag joined by commas.
  std::vector<std::pair<std::string, std::string>> all() const;

  // What was accepted but does nothing, one sentence each.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  friend Result<Flags> parse_flags(std::span<const std::string> arguments);
  const std::string& value(std::string_view name, FlagKind kind) const;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> warnings_;
};

// Parses and checks. Errors: kInvalidArgument; the text names the flag.
Result<Flags> parse_flags(std::span<const std::string> arguments);

// What --help prints.
std::string flag_help();
// The table as docs/flags.md shows it.
std::string flag_table_markdown();

// `512MB`, `1GiB`, `4096`: units are powers of 1024, as Prometheus takes them. Errors:
// kInvalidArgument.
Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace silverback::cmd
