// Log lines: a level, a sentence, and fields. Libraries take a `Log&`-free global on purpose only
// here: spdlog's default logger, set up by cmd
// (--log.level, --log.format), silent errors being worse than a hidden dependency.
#pragma once

#include <string>
#include <string_view>

namespace silverback {

void log_debug(std::string_view message);
void log_info(std::string_view message);
void log_warn(std::string_view message);
void log_error(std::string_view message);

// Level: debug, info, warn, error. Format: logfmt or json, one line per message on stderr with
// Prometheus's keys (ts, level, msg). False if either name is unknown.
bool configure_log(std::string_view level, std::string_view format);

}  // namespace silverback
