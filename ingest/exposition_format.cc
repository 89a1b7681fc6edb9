#include "ingest/exposition_format.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/labels.h"
#include "base/letter_case.h"
#include "ingest/acceptance.h"

namespace silverback::ingest {
namespace {

struct Protocol {
  std::string_view name;  // in the configuration
  std::string_view media_type;
  std::string_view version;
  bool escaping;  // a parameter of the newer versions only
};
constexpr std::string_view kTextType = "text/plain";
constexpr std::string_view kOpenMetricsType = "application/openmetrics-text";
constexpr Protocol kProtocols[] = {
    {"PrometheusText0.0.4", kTextType, "0.0.4", false},
    {"PrometheusText1.0.0", kTextType, "1.0.0", true},
    {"OpenMetricsText0.0.1", kOpenMetricsType, "0.0.1", false},
    {"OpenMetricsText1.0.0", kOpenMetricsType, "1.0.0", true},
};

struct SchemeWord {
  std::string_view word;
  EscapingScheme scheme;
};
constexpr SchemeWord kSchemeWords[] = {
    {"allow-utf-8", EscapingScheme::kAllowUtf8},
    {"underscores", EscapingScheme::kUnderscores},
    {"dots", EscapingScheme::kDots},
    {"values", EscapingScheme::kValues},
};

std::optional<ExpositionFormat> format_of(std::string_view media_type) {
  if (media_type == kTextType) return ExpositionFormat::kText;
  if (media_type == kOpenMetricsType) return ExpositionFormat::kOpenMetrics;
  return std::nullopt;
}

const Protocol* find_protocol(std::string_view name) {
  const auto* found = std::find_if(std::begin(kProtocols), std::end(kProtocols),
                                   [&](const Protocol& known) { return known.name == name; });
  return found == std::end(kProtocols) ? nullptr : found;
}

// A media type with parameters (RFC 9110, 8.3.1), judged as Go's mime package does.
class MediaType {
 public:
  explicit MediaType(std::string_view text) : rest_(text) {}

  // Errors: kUnsupported.
  Status parse() {
    skip_space();
    const std::string_view type = take_token();
    if (type.empty()) return error("no media type");
    if (!skip('/'))
      return at_parameters() ? take_type(type) : error("expected slash after first token");
    const std::string_view subtype = take_token();
    if (subtype.empty()) return error("expected token after slash");
    const std::string both = std::string(type).append("/").append(subtype);
    if (!at_parameters()) return error("unexpected content after media subtype");
    return take_type(both);
  }

  const std::string& type() const { return type_; }
  std::string_view parameter(std::string_view name) const {
    for (const auto& [known, value] : parameters_) {
      if (known == name) return value;
    }
    return {};
  }

 private:
  static tl::unexpected<Error> error(std::string_view what) {
    return fail(ErrorCode::kUnsupported, "mime: " + std::string(what));
  }

  Status take_type(std::string_view type) {
    type_ = to_lower(type);
    while (skip(';')) {
      skip_space();
      if (rest_.empty()) break;  // a last semicolon is no harm
      std::string name = to_lower(take_token());
      skip_space();
      if (name.empty() || !skip('=')) return error("invalid media parameter");
      skip_space();
      std::optional<std::string> value = take_value();
      if (!value) return error("invalid media parameter");
      const auto same = [&](const auto& known) { return known.first == name; };
      const auto twin = std::find_if(parameters_.begin(), parameters_.end(), same);
      if (twin != parameters_.end() && twin->second != *value) {
        return error("duplicate parameter name");
      }
      if (parameters_.size() == kParametersMax) return error("too many parameters");
      parameters_.emplace_back(std::move(name), *std::move(value));
      skip_space();
    }
    if (!rest_.empty()) return error("invalid media parameter");
    return {};
  }

  std::optional<std::string> take_value() {
    if (!skip('"')) {
      const std::string_view token = take_token();
      if (token.empty()) return std::nullopt;
      return std::string(token);
    }
    std::string value;
    while (!rest_.empty()) {
      if (skip('"')) return value;
      if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    return std::nullopt;
  }

  std::string_view take_token() {
    const auto separates = [](char c) {
      return c <= ' ' || c == 0x7f ||
             std::string_view("()<>@,;:\\\"/[]?=").find(c) != std::string_view::npos;
    };
    const auto end = std::find_if(rest_.begin(), rest_.end(), separates);
    const std::string_view token = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(token.size());
    return token;
  }

  bool at_parameters() {
    skip_space();
    return rest_.empty() || rest_.front() == ';';
  }

  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_space() {
    const std::size_t begin = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(std::min(begin, rest_.size()));
  }

  static constexpr std::size_t kParametersMax = 16;

  std::string_view rest_;
  std::string type_;
  std::vector<std::pair<std::string, std::string>> parameters_;
};

Result<ExpositionContentType> fall_back(std::string_view protocol_name, const std::string& problem,
                                        std::string_view detail) {
  const Protocol* protocol = find_protocol(protocol_name);
  if (protocol == nullptr) {
    return fail(ErrorCode::kUnsupported, problem + ", and " + std::string(protocol_name) +
                                             " as fallback_scrape_protocol is not supported" +
                                             std::string(detail));
  }
  ExpositionContentType fallback;
  fallback.format = *format_of(protocol->media_type);
  fallback.complaint = problem + ", using fallback_scrape_protocol " + quote(protocol->media_type) +
                       std::string(detail);
  return fallback;
}

}  // namespace

std::string accept_header(const std::vector<std::string>& protocols, std::string_view escaping) {
  int weight = 6;  // one for each protocol there is, protobuf included, and one for the rest
  std::string header;
  for (const std::string& name : protocols) {
    const Protocol* protocol = find_protocol(name);
    if (protocol == nullptr) continue;
    header.append(protocol->media_type).append(";version=").append(protocol->version);
    if (protocol->escaping) header.append(";escaping=").append(escaping);
    header.append(";q=0.").append(std::to_string(weight--)).append(",");
  }
  return header.append("*/*;q=0.").append(std::to_string(weight));
}

Result<ExpositionContentType> exposition_content_type(std::string_view content_type,
                                                      std::string_view fallback_protocol) {
  const bool fallback = !fallback_protocol.empty();
  if (content_type.empty()) {
    const std::string problem = "non-compliant scrape target sending blank Content-Type";
    if (fallback) return fall_back(fallback_protocol, problem, "");
    return fail(ErrorCode::kUnsupported,
                problem + " and no fallback_scrape_protocol specified for target");
  }
  const std::string shown = quote(cut_for_error(content_type));
  MediaType media(content_type);
  if (const Status parsed = media.parse(); !parsed) {
    const std::string detail = "\n" + parsed.error().message;
    if (fallback) {
      return fall_back(fallback_protocol, "could not parse received Content-Type " + shown, detail);
    }
    return fail(ErrorCode::kUnsupported, "cannot parse Content-Type " + shown +
                                             " and no fallback_scrape_protocol for target" +
                                             detail);
  }
  const std::optional<ExpositionFormat> format = format_of(media.type());
  if (!format) {
    const std::string problem = "received unsupported Content-Type " + shown;
    if (fallback) return fall_back(fallback_protocol, problem, "");
    return fail(ErrorCode::kUnsupported,
                problem + " and no fallback_scrape_protocol specified for target");
  }
  ExpositionContentType known;
  known.format = *format;
  for (const SchemeWord& word : kSchemeWords) {
    if (word.word == media.parameter("escaping")) known.escaping = word.scheme;
  }
  return known;
}

}  // namespace silverback::ingest
