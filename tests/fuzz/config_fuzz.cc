// Any text either is refused or, printed and read again, prints the same: as prometheus.yml and as
// a file of rules.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/prometheus_config.h"
#include "config/rule_file.h"

namespace {

[[noreturn]] void differs(const std::string& printed, const std::string& again) {
  std::fprintf(stderr, "printed as\n%s\nand then\n%s\n", printed.c_str(), again.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace config = silverback::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // What gives the `$` of a printed label back, so that it is the same again.
  const auto environment = [](const std::string&) { return std::string("x"); };
  if (const auto file = config::parse_rule_file(text, "r.yml")) {
    const std::string printed = config::print_rule_file(*file);
    const auto again = config::parse_rule_file(printed, "r.yml");
    if (!again) differs(printed, again.error().message);
    if (config::print_rule_file(*again) != printed)
      differs(printed, config::print_rule_file(*again));
  }
  const auto read = config::parse_config(text, "/p/p.yml", environment);
  if (!read) return 0;
  // As in Prometheus, an expanded `$` is not escaped again.
  for (const auto& [name, value] : read->global.external_labels)
    if (value.find('$') != std::string::npos) return 0;
  const std::string printed = config::print_config(*read);
  const auto again = config::parse_config(printed, "/p/p.yml", environment);
  if (!again) differs(printed, again.error().message);
  if (config::print_config(*again) != printed) differs(printed, config::print_config(*again));
  return 0;
}
