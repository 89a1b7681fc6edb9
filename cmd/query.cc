#include "cmd/query.h"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <map>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "api/json_writer.h"
#include "api/request.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/labels.h"
#include "base/number_text.h"
#include "base/url_escape.h"
#include "cmd/api_client.h"
#include "cmd/command_line.h"
#include "config/fields.h"
#include "config/http_client_config.h"
#include "config/http_options.h"

namespace silverback::cmd {
namespace {

namespace json = boost::json;

constexpr DurationMs kRangeDefault = 5LL * 60 * 1000;
constexpr std::int64_t kStepsDefault = 250;
constexpr DurationMs kEver = 9999LL * 3600 * 1000;  // on both sides of now, as promtool has it

struct QueryFlags {
  std::string format = "promql";
  std::string http_config_file;
  std::string server;
  std::string expr;  // or the label's name
  std::string time, start, end, step;
  std::vector<std::string> headers;
  std::vector<std::string> matches;
};

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

// ---- what is printed

using LabelMap = std::map<std::string, std::string>;

LabelMap labels_of(const json::value& value) {
  LabelMap labels;
  if (const json::object* object = value.if_object()) {
    for (const auto& [name, text] : *object) {
      if (text.is_string())
        labels.emplace(std::string(name.data(), name.size()), view(text.get_string()));
    }
  }
  return labels;
}

// `{a="b", "c d"="e"}`
std::string braces(const LabelMap& labels) {
  std::string text = "{";
  for (const auto& [name, value] : labels) {
    if (text.size() > 1) text += ", ";
    text += (is_legacy_label_name(name) ? name : quote(name)) + "=" + quote(value);
  }
  return text + "}";
}

// `up{a="b"}`
std::string metric_text(const json::value& metric) {
  LabelsBuilder labels;
  for (const auto& [name, value] : labels_of(metric)) labels.set(name, value);
  return labels.build().to_string();
}

// Digits without an exponent, as promtool shows numbers; what is none, as it is.
std::string number_text(const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) return "";
  const auto number = parse_float(view(*text));
  return number ? format_float(*number) : std::string(view(*text));
}

void append_json(std::string& out, const json::value& value);

// `Count: 3, Sum: 5, Buckets: [[-1,1]:2 (1,2]:1]`
std::string histogram_text(const json::value& value) {
  const json::object* histogram = value.if_object();
  if (histogram == nullptr) return "";
  const auto part = [&](const char* key) {
    const json::value* found = histogram->if_contains(key);
    return found == nullptr ? std::string() : number_text(*found);
  };
  std::string buckets;
  const json::value* list = histogram->if_contains("buckets");
  if (list != nullptr && list->is_array()) {
    for (const json::value& one : list->get_array()) {
      const json::array* bucket = one.if_array();
      if (bucket == nullptr || bucket->size() != 4 || !(*bucket)[0].is_int64()) continue;
      const std::int64_t bounds = (*bucket)[0].get_int64();
      buckets += (buckets.empty() ? "" : " ");
      buckets += bounds == 1 || bounds == 3 ? '[' : '(';
      buckets += number_text((*bucket)[1]) + "," + number_text((*bucket)[2]);
      buckets += bounds == 0 || bounds == 3 ? ']' : ')';
      buckets += ":" + number_text((*bucket)[3]);
    }
  }
  return "Count: " + part("count") + ", Sum: " + part("sum") + ", Buckets: [" + buckets + "]";
}

// `1 @[1435781430.781]` of `[1435781430.781, "1"]`; empty if it is no such pair.
std::string sample_text(const json::value& sample) {
  const json::array* pair = sample.if_array();
  if (pair == nullptr || pair->size() != 2) return "";
  std::string at;
  append_json(at, (*pair)[0]);
  const json::value& value = (*pair)[1];
  return (value.is_object() ? histogram_text(value) : number_text(value)) + " @[" + at + "]";
}

// As the API writes it: instants with as many digits as they have.
void append_json(std::string& out, const json::value& value) {
  if (const json::array* items = value.if_array()) {
    out += '[';
    for (const json::value& item : *items) {
      if (&item != items->data()) out += ',';
      append_json(out, item);
    }
    out += ']';
  } else if (const json::object* entries = value.if_object()) {
    out += '{';
    for (const auto& entry : *entries) {
      if (out.back() != '{') out += ',';
      api::append_json_string(out, {entry.key().data(), entry.key().size()});
      out += ':';
      append_json(out, entry.value());
    }
    out += '}';
  } else if (const double* number = value.if_double()) {
    append_json_float(out, *number);
  } else if (const json::string* text = value.if_string()) {
    api::append_json_string(out, view(*text));
  } else {
    out += json::serialize(value);
  }
}

std::string vector_text(const json::array& samples) {
  std::string text;
  for (const json::value& one : samples) {
    const json::object* sample = one.if_object();
    if (sample == nullptr) continue;
    const json::value* metric = sample->if_contains("metric");
    const json::value* value = sample->if_contains("value");
    if (value == nullptr) value = sample->if_contains("histogram");
    if (metric == nullptr || value == nullptr) continue;
    text += (text.empty() ? "" : "\n") + metric_text(*metric) + " => " + sample_text(*value);
  }
  return text;
}

// The series in order of their metrics.
std::string matrix_text(const json::array& matrix) {
  std::vector<std::pair<std::string, std::string>> series;
  for (const json::value& one : matrix) {
    const json::object* line = one.if_object();
    const json::value* metric = line == nullptr ? nullptr : line->if_contains("metric");
    if (metric == nullptr) continue;
    std::string samples;
    for (const char* key : {"values", "histograms"}) {
      const json::value* values = line->if_contains(key);
      if (values == nullptr || !values->is_array()) continue;
      for (const json::value& sample : values->get_array()) samples += "\n" + sample_text(sample);
    }
    series.emplace_back(metric_text(*metric), std::move(samples));
  }
  std::stable_sort(series.begin(), series.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string text;
  for (const auto& [metric, samples] : series)
    text += (text.empty() ? "" : "\n") + metric + " =>" + samples;
  return text;
}

// Nothing: that is no result of a query.
std::optional<std::string> result_text(std::string_view type, const json::value& result) {
  const json::array* items = result.if_array();
  if (items == nullptr) return std::nullopt;
  if (type == "vector") return vector_text(*items);
  if (type == "matrix") return matrix_text(*items);
  if (type == "scalar") return "scalar: " + sample_text(result);
  if (type == "string" && items->size() == 2 && (*items)[1].is_string())
    return std::string(view((*items)[1].get_string()));
  return std::nullopt;
}

// ---- what is asked

class Questions {
 public:
  Questions(const QueryFlags& flags, ApiClient& client, TimestampMs now, Console& console)
      : flags_(flags), client_(client), now_(now), console_(console) {}

  Status instant() {
    const TimestampMs t = TRY(instant_of(flags_.time, now_, "evaluation time"));
    const ApiAnswer answer =
        TRY(client_.post("/api/v1/query", {{"query", flags_.expr}, {"time", seconds_text(t)}}));
    return print_result(answer);
  }

  Status range() {
    const TimestampMs end = TRY(instant_of(flags_.end, now_, "end time"));
    const TimestampMs start = TRY(instant_of(flags_.start, end - kRangeDefault, "start time"));
    if (start >= end) return fail(ErrorCode::kInvalidArgument, "start time is not before end time");
    DurationMs step = std::max<DurationMs>((end - start) / 1000 / kStepsDefault, 1) * 1000;
    if (!flags_.step.empty()) {
      Result<DurationMs> given = parse_duration(flags_.step);
      if (!given) return fail(std::move(given).error().within("error parsing step"));
      if (*given > 0) step = *given;
    }
    const ApiAnswer answer =
        TRY(client_.post("/api/v1/query_range", {{"query", flags_.expr},
                                                 {"start", seconds_text(start)},
                                                 {"end", seconds_text(end)},
                                                 {"step", seconds_text(step)}}));
    return print_result(answer);
  }

  Status series() {
    const ApiParameters parameters = TRY(selection());
    const ApiAnswer answer = TRY(client_.get("/api/v1/series", parameters));
    return print_list(answer, [](const json::value& one) { return braces(labels_of(one)); });
  }

  Status labels() {
    const ApiParameters parameters = TRY(selection());
    const ApiAnswer answer =
        TRY(client_.get("/api/v1/label/" + percent_encode(flags_.expr) + "/values", parameters));
    return print_list(answer, [](const json::value& one) {
      return one.is_string() ? std::string(view(one.get_string())) : std::string();
    });
  }

 private:
  static Result<TimestampMs> instant_of(const std::string& text, TimestampMs unless_given,
                                        std::string_view what) {
    if (text.empty()) return unless_given;
    Result<TimestampMs> t = parse_timestamp(text);
    if (!t) return fail(std::move(t).error().within("error parsing " + std::string(what)));
    return *t;
  }

  static std::string seconds_text(std::int64_t ms) {
    std::string text;
    append_json_timestamp(text, ms);
    return text;
  }

  Result<ApiParameters> selection() const {
    const TimestampMs start = TRY(instant_of(flags_.start, now_ - kEver, "start time"));
    const TimestampMs end = TRY(instant_of(flags_.end, now_ + kEver, "end time"));
    ApiParameters parameters = {{"start", seconds_text(start)}, {"end", seconds_text(end)}};
    for (const std::string& match : flags_.matches) parameters.emplace_back("match[]", match);
    return parameters;
  }

  void print_warnings(const ApiAnswer& answer) {
    for (const std::string& warning : answer.warnings)
      console_.err << "query warning: " << warning << '\n';
  }

  Status print_result(const ApiAnswer& answer) {
    print_warnings(answer);
    const json::object* data = answer.data->if_object();
    const json::value* type = data == nullptr ? nullptr : data->if_contains("resultType");
    const json::value* result = data == nullptr ? nullptr : data->if_contains("result");
    std::optional<std::string> text;
    if (type != nullptr && type->is_string() && result != nullptr)
      text = result_text(view(type->get_string()), *result);
    if (!text) return fail(ErrorCode::kExecution, "bad_response: that is no result of a query");
    if (flags_.format == "json") {
      text->clear();
      append_json(*text, *result);
    }
    console_.out << *text << '\n';
    return {};
  }

  template <class Text>
  Status print_list(const ApiAnswer& answer, const Text& text) {
    print_warnings(answer);
    const json::array* items = answer.data->if_array();
    if (items == nullptr) return fail(ErrorCode::kExecution, "bad_response: that is no list");
    if (flags_.format == "json") {
      std::string all;
      append_json(all, *answer.data);
      console_.out << all << '\n';
    } else {
      for (const json::value& item : *items) console_.out << text(item) << '\n';
    }
    return {};
  }

  const QueryFlags& flags_;
  ApiClient& client_;
  const TimestampMs now_;
  Console& console_;
};

// ---- whom

Result<net::HttpOptions> http_options_of(const std::string& path) {
  if (path.empty()) return net::HttpOptions();
  const std::string text = TRY(FileSystem::posix().read_all(path));
  config::Problems problems;
  config::HttpClientConfig http;
  const config::Source source{path, std::filesystem::path(path).parent_path()};
  config::read_document(text, source, problems, http);
  TRY(problems.status());
  return config::http_options(http);
}

// `name=value` or `name:value`.
Result<std::vector<net::HttpHeader>> headers_of(const std::vector<std::string>& texts) {
  std::vector<net::HttpHeader> headers;
  for (const std::string& text : texts) {
    const std::size_t end = text.find_first_of("=:");
    if (end == std::string::npos)
      return fail(ErrorCode::kInvalidArgument, "--header: expected name=value, not " + quote(text));
    headers.push_back({text.substr(0, end), text.substr(end + 1)});
  }
  return headers;
}

Result<std::unique_ptr<ApiClient>> client_for(const QueryFlags& flags) {
  const net::HttpOptions options = TRY(http_options_of(flags.http_config_file));
  std::vector<net::HttpHeader> headers = TRY(headers_of(flags.headers));
  return ApiClient::make(flags.server, options, std::move(headers));
}

void add_range_flags(CLI::App& app, QueryFlags& flags) {
  app.add_option("--start", flags.start, "From when: RFC 3339 or seconds since 1970");
  app.add_option("--end", flags.end, "Until when");
}

void add_list_flag(CLI::App& app, const char* name, const char* help,
                   std::vector<std::string>& values) {
  app.add_option(name, values, help)->allow_extra_args(false);
}

}  // namespace

int query(std::span<const std::string> arguments, Console& console) {
  CLI::App app("Asks a server.", "silverback query");
  QueryFlags flags;
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("-o,--format", flags.format, "How the answer is shown: promql or json")
      ->check(CLI::IsMember({"promql", "json"}))
      ->capture_default_str();
  app.add_option("--http.config.file", flags.http_config_file,
                 "How to reach the server: basic_auth, tls_config and so on, as scrape_configs "
                 "have them");
  struct Question {
    const char* name;
    const char* help;
    Status (Questions::*ask)();
    const char* argument;  // after the server; null: none
  };
  constexpr Question kQuestions[] = {
      {"instant", "The value of an expression at one time", &Questions::instant, "expr"},
      {"range", "The values of an expression over a range", &Questions::range, "expr"},
      {"series", "The series that selectors match", &Questions::series, nullptr},
      {"labels", "The values of a label", &Questions::labels, "name"},
  };
  std::vector<CLI::App*> apps;
  for (const Question& question : kQuestions) {
    CLI::App& one = *apps.emplace_back(app.add_subcommand(question.name, question.help));
    one.add_option("server", flags.server, "The server's URL")->required();
    if (question.argument != nullptr) one.add_option(question.argument, flags.expr)->required();
  }
  apps[0]->add_option("--time", flags.time, "When: RFC 3339 or seconds since 1970");
  apps[1]->add_option("--step", flags.step, "The distance of the values, such as 15s");
  for (CLI::App* one : {apps[0], apps[1]})
    add_list_flag(*one, "--header", "name=value, sent along; may be repeated", flags.headers);
  for (CLI::App* one : {apps[1], apps[2], apps[3]}) add_range_flags(*one, flags);
  for (CLI::App* one : {apps[2], apps[3]})
    add_list_flag(*one, "--match", "Which series; may be repeated", flags.matches);
  apps[2]->get_option("--match")->required();

  if (const auto exit_code = parse_command_line(app, arguments, console)) return *exit_code;
  std::signal(SIGPIPE, SIG_IGN);  // net wants it
  const Result<std::unique_ptr<ApiClient>> client = client_for(flags);
  if (!client) return refuse_command_line(client.error().message, console);
  Questions questions(flags, **client, Clock::system().now(), console);
  for (std::size_t i = 0; i < apps.size(); ++i) {
    if (!apps[i]->parsed()) continue;
    const Status asked = (questions.*kQuestions[i].ask)();
    if (asked) return kExitOk;
    const bool never_sent = asked.error().code == ErrorCode::kInvalidArgument;
    console.err << (never_sent ? "" : "query error: ") << asked.error().message << '\n';
  }
  return kExitFailed;
}

}  // namespace silverback::cmd
