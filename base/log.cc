#include "base/log.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/labels.h"
#include "base/time.h"

namespace silverback {
namespace {

std::string_view view(spdlog::string_view_t text) { return {text.data(), text.size()}; }

std::string_view level_word(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::warn:
      return "warn";
    case spdlog::level::err:
    case spdlog::level::critical:
      return "error";
    default:
      return "info";
  }
}

std::string timestamp(const spdlog::details::log_msg& message) {
  return format_rfc3339(
      std::chrono::duration_cast<std::chrono::milliseconds>(message.time.time_since_epoch())
          .count());
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out += "\\u00";
      out.push_back("0123456789abcdef"[byte >> 4]);
      out.push_back("0123456789abcdef"[byte & 0xf]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

bool needs_quotes(std::string_view text) {
  return text.empty() || !std::all_of(text.begin(), text.end(), [](char c) {
           return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
         });
}

class LogfmtFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string_view text = view(message.payload);
    std::string line = "ts=" + timestamp(message) + " level=";
    line.append(level_word(message.level)).append(" msg=");
    line += needs_quotes(text) ? quote(text) : std::string(text);
    line += '\n';
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LogfmtFormatter>();
  }
};

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string_view text = view(message.payload);
    std::string line = "{\"ts\":\"" + timestamp(message) + "\",\"level\":\"";
    line.append(level_word(message.level)).append("\",\"msg\":");
    // JSON must be UTF-8; quote() writes other bytes as \xNN, which is text like any other.
    append_json_string(line, is_valid_utf8(text) ? std::string(text) : quote(text));
    line += "}\n";
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

std::optional<spdlog::level::level_enum> find_level(std::string_view name) {
  struct Named {
    std::string_view name;
    spdlog::level::level_enum level;
  };
  constexpr std::array<Named, 4> kLevels = {{{"debug", spdlog::level::debug},
                                             {"info", spdlog::level::info},
                                             {"warn", spdlog::level::warn},
                                             {"error", spdlog::level::err}}};
  for (const Named& candidate : kLevels) {
    if (candidate.name == name) return candidate.level;
  }
  return std::nullopt;
}

spdlog::string_view_t piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

void log_debug(std::string_view message) { spdlog::debug(piece(message)); }
void log_info(std::string_view message) { spdlog::info(piece(message)); }
void log_warn(std::string_view message) { spdlog::warn(piece(message)); }
void log_error(std::string_view message) { spdlog::error(piece(message)); }

bool configure_log(std::string_view level, std::string_view format) {
  const auto known_level = find_level(level);
  if (!known_level || (format != "logfmt" && format != "json")) return false;
  auto logger = std::make_shared<spdlog::logger>("silverback",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(*known_level);
  if (format == "json") {
    logger->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    logger->set_formatter(std::make_unique<LogfmtFormatter>());
  }
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
  return true;
}

}  // namespace silverback
