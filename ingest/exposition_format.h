// Which format a page is in: what a scrape offers to take, and what the answer says it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace silverback::ingest {

enum class ExpositionFormat : std::uint8_t { kText, kOpenMetrics };

// How a target writes names that are not legacy-valid for who cannot take them.
enum class EscapingScheme : std::uint8_t { kAllowUtf8, kUnderscores, kDots, kValues };

// The request's Accept header: `protocols` (`scrape_protocols`, the most wanted first) without
// PrometheusProto, which is not read yet, then anything. `escaping` is
// `metric_name_escaping_scheme`.
std::string accept_header(const std::vector<std::string>& protocols, std::string_view escaping);

struct ExpositionContentType {
  ExpositionFormat format = ExpositionFormat::kText;
  // Parameter `escaping`, if it names a scheme. Prometheus compatibility: names are stored as they
  // come, whatever it says.
  std::optional<EscapingScheme> escaping;
  std::string complaint;  // why the fallback was needed, for the log; empty if it was not
};

// What a Content-Type header says. One that is missing, malformed or of another format is
// `fallback_protocol` (`fallback_scrape_protocol`, may be empty). Errors: kUnsupported, in
// Prometheus's words, if there is no fallback or it is a format that is not read.
Result<ExpositionContentType> exposition_content_type(std::string_view content_type,
                                                      std::string_view fallback_protocol);

}  // namespace silverback::ingest
