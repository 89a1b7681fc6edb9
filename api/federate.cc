#include "api/federate.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "api/context.h"
#include "api/endpoints.h"
#include "api/envelope.h"
#include "api/escaped_name.h"
#include "base/number_text.h"
#include "promql/engine.h"
#include "promql/parser.h"

namespace silverback::api {
namespace {

using ingest::EscapingScheme;

constexpr std::string_view kInstance = "instance";

struct SchemeWord {
  std::string_view word;
  EscapingScheme scheme;
};
constexpr SchemeWord kSchemes[] = {
    {"allow-utf-8", EscapingScheme::kAllowUtf8},
    {"underscores", EscapingScheme::kUnderscores},
    {"dots", EscapingScheme::kDots},
    {"values", EscapingScheme::kValues},
};

std::string content_type(EscapingScheme escaping) {
  const auto* const found =
      std::find_if(std::begin(kSchemes), std::end(kSchemes),
                   [escaping](const SchemeWord& one) { return one.scheme == escaping; });
  return "text/plain; version=0.0.4; charset=utf-8; escaping=" + std::string(found->word);
}

// ---- Accept -------------------------------------------------------------------------------------

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = text.find_last_not_of(" \t") + 1;
  return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

// The text before `separator`, which is cut off `rest` with it.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trimmed(part);
}

struct AcceptedType {
  std::string_view type, version;
  double q = 1;
  std::optional<EscapingScheme> escaping;

  bool is_ours() const {
    return type == "*/*" || (type == "text/plain" && (version.empty() || version == "0.0.4"));
  }
};

// `text/plain;version=0.0.4;q=0.3`. Scrapers quote nothing in it.
AcceptedType accepted_type(std::string_view clause) {
  AcceptedType accepted;
  accepted.type = take_until(clause, ';');
  while (!clause.empty()) {
    std::string_view value = take_until(clause, ';');
    const std::string_view name = take_until(value, '=');
    if (name == "q") accepted.q = parse_float(value).value_or(0);
    if (name == "version") accepted.version = value;
    if (name != "escaping") continue;
    for (const SchemeWord& known : kSchemes)
      if (value == known.word) accepted.escaping = known.scheme;
  }
  return accepted;
}

// ---- Samples ------------------------------------------------------------------------------------

// Nothing if there is none, or if a native histogram is newer: text has no form for those.
Result<std::optional<Sample>> newest_sample(const Selection& selection, std::size_t series,
                                            SampleColumns& scratch) {
  const Selection::Newest newest = selection.newest(series);
  if (newest.known) return newest.sample;
  TRY(selection.read(series, scratch));
  if (scratch.t.empty()) return std::nullopt;
  if (!scratch.histograms.empty() && scratch.histograms.back().t > scratch.t.back())
    return std::nullopt;
  return Sample{scratch.t.back(), scratch.v.back()};
}

bool is_before(const FederatedSample& a, const FederatedSample& b) {
  const auto by_name = a.labels.metric_name() <=> b.labels.metric_name();
  return by_name != 0 ? by_name < 0 : a.labels < b.labels;
}

// ---- The page -----------------------------------------------------------------------------------

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

class Page {
 public:
  Page(const Labels& external_labels, EscapingScheme escaping) : escaping_(escaping) {
    for (const Label& label : external_labels) external_.emplace_back(label.name, label.value);
    if (external_labels.has(kInstance)) return;
    external_.emplace_back(kInstance, "");
    std::sort(external_.begin(), external_.end());
  }

  void add(const FederatedSample& federated) {
    const std::string_view name = federated.labels.metric_name();
    if (name != family_) begin_family(name);
    labels_begun_ = !family_is_legacy_;
    written_names_.clear();
    if (family_is_legacy_) {
      out_ += written_family_;
    } else {
      out_ += '{';
      out_ += written_family_;
    }
    for (const Label& label : federated.labels) {
      if (label.name != kMetricName) add_label(label.name, label.value, federated.labels);
    }
    for (const auto& [external, value] : external_) {
      if (!federated.labels.has(external)) add_label(external, value, federated.labels);
    }
    out_ += "} ";
    append_json_float(out_, federated.sample.v);
    out_.append(" ").append(std::to_string(federated.sample.t)).append("\n");
  }
  std::string take() && { return std::move(out_); }

 private:
  void begin_family(std::string_view name) {
    family_ = name;
    const std::string escaped = escape_name(name, NameKind::kMetric, escaping_);
    family_is_legacy_ = is_legacy_metric_name(escaped);
    written_family_.clear();
    if (family_is_legacy_) {
      written_family_ = escaped;
    } else {
      append_quoted(written_family_, escaped);
    }
    out_.append("# TYPE ").append(written_family_).append(" untyped\n");
  }

  void add_label(std::string_view name, std::string_view value, const Labels& all) {
    std::string escaped;
    if (!is_legacy_label_name(name)) {
      escaped = escape_name(name, NameKind::kLabel, escaping_);
      // Two names can be one after escaping. A page with a label twice would be refused whole.
      if (escaping_ != EscapingScheme::kAllowUtf8 && !claim(escaped, all)) return;
      name = escaped;
    }
    out_ += labels_begun_ ? ',' : '{';
    labels_begun_ = true;
    if (is_legacy_label_name(name)) {
      out_ += name;
    } else {
      append_quoted(out_, name);
    }
    out_ += '=';
    append_quoted(out_, value);
  }

  // Whether no other label of the series has this name.
  bool claim(const std::string& name, const Labels& all) {
    const auto is_it = [&name](const auto& external) { return external.first == name; };
    if (all.has(name) || std::any_of(external_.begin(), external_.end(), is_it)) return false;
    if (std::find(written_names_.begin(), written_names_.end(), name) != written_names_.end())
      return false;
    written_names_.push_back(name);
    return true;
  }

  const EscapingScheme escaping_;
  std::vector<std::pair<std::string, std::string>> external_;  // by name
  std::string out_;
  std::string family_;          // as it is stored; empty before the first
  std::string written_family_;  // as it stands in the page
  bool family_is_legacy_ = true;
  bool labels_begun_ = false;               // of the line that is being written
  std::vector<std::string> written_names_;  // of the line, those that escaping made
};

// As Go's http.Error answers: not JSON, because this is not a part of the API.
Response error_text(int status, const std::string& message) {
  return text_response(status, message + "\n");
}

}  // namespace

Result<FederatedSamples> federated_samples(const Queryable& storage,
                                           const std::vector<std::vector<Matcher>>& matcher_sets,
                                           TimeRange range, std::uint64_t samples_max,
                                           const std::atomic<bool>& canceled) {
  SelectHints hints;
  hints.range = range;
  FederatedSamples found;
  SampleColumns scratch;
  for (const std::vector<Matcher>& matchers : matcher_sets) {
    const std::unique_ptr<Selection> selection = TRY(storage.select(matchers, hints));
    for (std::size_t series = 0; series < selection->size(); ++series) {
      if (canceled) return fail(ErrorCode::kCanceled, "request was canceled");
      const std::optional<Sample> sample = TRY(newest_sample(*selection, series, scratch));
      if (!sample || is_stale(sample->v)) continue;
      Labels labels = selection->labels(series);
      if (labels.metric_name().empty()) continue;
      if (found.samples.size() == samples_max)
        return fail(ErrorCode::kExecution, "federation would load too many samples into memory");
      found.samples.push_back({std::move(labels), *sample});
    }
    found.warnings += selection->warnings().size();
  }
  std::sort(found.samples.begin(), found.samples.end(), is_before);
  const auto is_same = [](const FederatedSample& a, const FederatedSample& b) {
    return a.labels == b.labels;
  };
  found.samples.erase(std::unique(found.samples.begin(), found.samples.end(), is_same),
                      found.samples.end());
  return found;
}

EscapingScheme accepted_escaping(std::string_view accept) {
  std::vector<AcceptedType> types;
  while (!accept.empty()) types.push_back(accepted_type(take_until(accept, ',')));
  std::stable_sort(types.begin(), types.end(),
                   [](const AcceptedType& a, const AcceptedType& b) { return a.q > b.q; });
  EscapingScheme escaping = EscapingScheme::kUnderscores;
  for (const AcceptedType& type : types) {
    if (type.escaping) escaping = *type.escaping;
    if (type.is_ours()) break;
  }
  return escaping;
}

std::string federation_page(const std::vector<FederatedSample>& samples,
                            const Labels& external_labels, EscapingScheme escaping) {
  Page page(external_labels, escaping);
  for (const FederatedSample& sample : samples) page.add(sample);
  return std::move(page).take();
}

Response federate(const Context& context, const Request& request) {
  std::vector<std::vector<Matcher>> matcher_sets;
  for (const std::string_view text : request.form.all("match[]")) {
    Result<std::vector<Matcher>> matchers = promql::parse_metric_selector(text);
    if (!matchers) return error_text(400, matchers.error().message);
    matcher_sets.push_back(*std::move(matchers));
  }
  const promql::EngineOptions engine = context.storage.engine->options();
  const TimestampMs now = context.dependencies.clock->now();
  const Result<FederatedSamples> found =
      federated_samples(*context.storage.samples, matcher_sets, {now - engine.lookback_delta, now},
                        engine.samples_max, request.canceled);
  if (!found) {
    context.federation_metrics.errors.add();
    return error_text(error_response(found.error()).status, found.error().message);
  }
  context.federation_metrics.warnings.add(found->warnings);
  const EscapingScheme escaping = accepted_escaping(request.header("Accept"));
  return {.status = 200,
          .content_type = content_type(escaping),
          .body = federation_page(found->samples,
                                  context.dependencies.config_status().external_labels, escaping),
          .headers = {}};
}

}  // namespace silverback::api
