#include "cmd/check_metrics.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iomanip>
#include <map>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/letter_case.h"
#include "base/number_text.h"
#include "base/result.h"
#include "base/sample.h"
#include "ingest/exposition.h"

namespace silverback::cmd {
namespace {

using ingest::Exposition;

constexpr std::string_view kBucketBound = "le";
constexpr std::string_view kQuantile = "quantile";

// The metrics of one name. Histograms and summaries are metrics of several series.
struct MetricFamily {
  std::string name;
  MetricType type = MetricType::kUnknown;
  bool has_type = false;  // said, or no longer to be said because there are samples
  bool has_help = false;
  std::set<Labels> metrics;  // those of compound ones without their bounds
  Labels first;              // of the metrics, as they come
  std::set<std::string, std::less<>> label_names;
  bool has_duplicates = false;
  std::size_t series = 0;
  std::size_t bounds_of_first = 0;  // its buckets or quantiles

  bool is_typed() const { return type != MetricType::kUnknown; }
  bool is_other_than(MetricType wanted) const { return is_typed() && type != wanted; }
  bool is_compound() const {
    return type == MetricType::kHistogram || type == MetricType::kSummary;
  }
  // Of the series of a compound metric each has one, but for its sum and its count.
  std::string_view bound_label() const {
    return type == MetricType::kHistogram ? kBucketBound : kQuantile;
  }
  // As promtool counts: all of a family have as many buckets as the first, a sum and a count.
  std::size_t cardinality() const {
    return is_compound() ? metrics.size() * (2 + bounds_of_first) : series;
  }
};

using Families = std::map<std::string, MetricFamily, std::less<>>;

class FamilyReader {
 public:
  // Errors: kInvalidArgument, `line 3: …`.
  Result<Families> read(std::string_view text) {
    Exposition page(text, ingest::ExpositionFormat::kText);
    for (;;) {
      const Exposition::Entry entry = TRY(page.next());
      if (entry == Exposition::Entry::kEnd) break;
      if (entry == Exposition::Entry::kHelp) TRY(help(page));
      if (entry == Exposition::Entry::kType) TRY(type(page));
      if (entry == Exposition::Entry::kSample) TRY(sample(page));
    }
    if (!text.empty() && text.back() != '\n') {
      const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
      return error(static_cast<std::size_t>(lines), "the page ends within a line");
    }
    std::erase_if(families_, [](const auto& one) { return one.second.metrics.empty(); });
    return std::move(families_);
  }

 private:
  static tl::unexpected<Error> error(std::size_t line, const std::string& what) {
    return fail(ErrorCode::kInvalidArgument, "line " + std::to_string(line) + ": " + what);
  }

  Status help(const Exposition& page) {
    if (page.help().empty()) return {};
    MetricFamily& family = family_of(page.family());
    if (std::exchange(family.has_help, true))
      return error(page.line(), "second HELP of metric " + quote(family.name));
    return {};
  }

  Status type(const Exposition& page) {
    MetricFamily& family = family_of(page.family());
    if (std::exchange(family.has_type, true))
      return error(page.line(),
                   "second TYPE of metric " + quote(family.name) + ", or one after its samples");
    family.type = page.type();
    return {};
  }

  Status sample(Exposition& page) {
    std::vector<Label> labels = page.labels();
    MetricFamily& family = family_of(labels.front().value);
    family.has_type = true;
    std::sort(labels.begin(), labels.end(),
              [](const Label& a, const Label& b) { return a.name < b.name; });
    const auto twice =
        std::adjacent_find(labels.begin(), labels.end(),
                           [](const Label& a, const Label& b) { return a.name == b.name; });
    if (twice != labels.end())
      return error(page.line(),
                   "duplicate label " + quote(twice->name) + " of metric " + quote(family.name));
    std::erase_if(labels, [](const Label& label) { return label.name == kMetricName; });
    const auto bound = std::find_if(labels.begin(), labels.end(), [&](const Label& label) {
      return family.is_compound() && label.name == family.bound_label();
    });
    const bool has_bound = bound != labels.end();
    if (has_bound) {
      if (!parse_float(bound->value))
        return error(page.line(), "expected a number as value of label " + quote(bound->name) +
                                      ", not " + quote(bound->value));
      labels.erase(bound);
    }
    for (const Label& label : labels) family.label_names.emplace(label.name);
    add(Labels::from_sorted(labels), has_bound, family);
    return {};
  }

  static void add(const Labels& labels, bool has_bound, MetricFamily& family) {
    if (family.metrics.empty()) family.first = labels;
    const bool is_new = family.metrics.insert(labels).second;
    ++family.series;
    if (!family.is_compound()) {
      family.has_duplicates |= !is_new;
    } else if (has_bound && labels == family.first) {
      ++family.bounds_of_first;
    }
  }

  // Of a sample or a line about it: of histograms and summaries the series have names of their own.
  MetricFamily& family_of(std::string_view name) {
    if (const auto found = families_.find(name); found != families_.end()) return found->second;
    for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
      if (!name.ends_with(suffix)) continue;
      const auto found = families_.find(name.substr(0, name.size() - suffix.size()));
      if (found == families_.end()) continue;
      const MetricType type = found->second.type;
      const bool has_such =
          type == MetricType::kHistogram || (type == MetricType::kSummary && suffix != "_bucket");
      if (has_such) return found->second;
    }
    MetricFamily& made = families_[std::string(name)];
    made.name = name;
    return made;
  }

  Families families_;
};

// ---- conventions

bool has_word(std::string_view name, std::string_view word) {
  const std::string lower = to_lower(name);
  const std::string ending = "_" + std::string(word);
  return lower.ends_with(ending) || lower.find(ending + "_") != lower.npos;
}

bool is_camel_case(std::string_view name) {
  const auto is_hump = [](char a, char b) { return a >= 'a' && a <= 'z' && b >= 'A' && b <= 'Z'; };
  return std::adjacent_find(name.begin(), name.end(), is_hump) != name.end();
}

bool has_camel_case(const std::set<std::string, std::less<>>& names) {
  return std::any_of(names.begin(), names.end(), is_camel_case);
}

bool has_abbreviated_unit(std::string_view name) {
  constexpr std::string_view kAbbreviations[] = {"s", "ms", "us", "ns", "sec", "m",  "h",
                                                 "d", "b",  "kb", "mb", "gb",  "tb", "pb"};
  return std::any_of(std::begin(kAbbreviations), std::end(kAbbreviations),
                     [&](std::string_view unit) { return has_word(name, unit); });
}

// Against a convention if `is_found`.
struct Convention {
  std::string_view problem;
  bool (*is_found)(const MetricFamily& family);
};
using Family = const MetricFamily&;
// clang-format off
constexpr Convention kConventions[] = {
    {"no help text",
     [](Family f) { return !f.has_help; }},
    {R"(counter metrics should have "_total" suffix)",
     [](Family f) { return f.type == MetricType::kCounter && !f.name.ends_with("_total"); }},
    {R"(non-counter metrics should not have "_total" suffix)",
     [](Family f) { return f.is_other_than(MetricType::kCounter) && f.name.ends_with("_total"); }},
    {R"(non-histogram metrics should not have "_bucket" suffix)",
     [](Family f) {
       return f.is_other_than(MetricType::kHistogram) && f.name.ends_with("_bucket");
     }},
    {R"(non-histogram and non-summary metrics should not have "_count" suffix)",
     [](Family f) { return f.is_typed() && !f.is_compound() && f.name.ends_with("_count"); }},
    {R"(non-histogram and non-summary metrics should not have "_sum" suffix)",
     [](Family f) { return f.is_typed() && !f.is_compound() && f.name.ends_with("_sum"); }},
    {R"(non-histogram metrics should not have "le" label)",
     [](Family f) { return f.is_typed() && f.label_names.contains(kBucketBound); }},
    {R"(non-summary metrics should not have "quantile" label)",
     [](Family f) { return f.is_typed() && f.label_names.contains(kQuantile); }},
    {"metric names should not contain ':'",
     [](Family f) { return f.name.find(':') != f.name.npos; }},
    {"metric names should be written in 'snake_case' not 'camelCase'",
     [](Family f) { return is_camel_case(f.name); }},
    {"label names should be written in 'snake_case' not 'camelCase'",
     [](Family f) { return has_camel_case(f.label_names); }},
    {"metric names should not contain abbreviated units",
     [](Family f) { return has_abbreviated_unit(f.name); }},
    {"metric not unique",
     [](Family f) { return f.has_duplicates; }},
};
// clang-format on

struct Unit {
  std::string_view name, base;
};
constexpr Unit kUnits[] = {
    {"seconds", "seconds"},    {"minutes", "seconds"}, {"hours", "seconds"},
    {"days", "seconds"},       {"weeks", "seconds"},   {"bytes", "bytes"},
    {"bits", "bytes"},         {"meters", "meters"},   {"metres", "metres"},
    {"inches", "meters"},      {"yards", "meters"},    {"miles", "meters"},
    {"grams", "grams"},        {"pounds", "grams"},    {"ounces", "grams"},
    {"joules", "joules"},      {"calories", "joules"}, {"celsius", "celsius"},
    {"fahrenheit", "celsius"}, {"rankine", "celsius"}, {"kelvin", "kelvin"},
    {"kelvins", "kelvin"},     {"amperes", "amperes"}, {"volts", "volts"},
};
// Prometheus compatibility: `mebi` is not found, but `mibi`.
constexpr std::string_view kUnitPrefixes[] = {
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo",
    "mega", "giga", "tera",  "peta",  "kibi",  "mibi", "gibi", "tebi",  "pebi",
};

const Unit* unit_of(std::string_view word) {
  const auto* found = std::find_if(std::begin(kUnits), std::end(kUnits),
                                   [&](const Unit& unit) { return unit.name == word; });
  return found == std::end(kUnits) ? nullptr : found;
}

// Of the first word of the name that is a unit, if that is not a base unit.
std::string unit_problem(std::string_view name) {
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('_', begin), name.size());
    const std::string_view word = name.substr(begin, end - begin);
    begin = end + 1;
    const Unit* unit = unit_of(word);
    for (const std::string_view prefix : kUnitPrefixes) {
      if (unit == nullptr && word.starts_with(prefix)) unit = unit_of(word.substr(prefix.size()));
    }
    if (unit == nullptr) continue;
    if (unit->base == word) return "";
    return "use base unit " + quote(unit->base) + " instead of " + quote(word);
  }
  return "";
}

std::set<std::string> problems_of(const MetricFamily& family) {
  std::set<std::string> problems;
  for (const Convention& convention : kConventions)
    if (convention.is_found(family)) problems.emplace(convention.problem);
  if (std::string problem = unit_problem(family.name); !problem.empty())
    problems.insert(std::move(problem));
  const std::string type(to_string(family.type));
  if (family.is_typed() && has_word(family.name, type))
    problems.insert("metric name should not include type '" + type + "'");
  return problems;
}

// ---- cardinality

std::string percent(double part, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << part * 100 << '%';
  return text.str();
}

using Row = std::array<std::string, 3>;

// As many characters as a terminal shows.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

void print_columns(const std::vector<Row>& rows, std::ostream& out) {
  constexpr std::size_t kGap = 4;
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width(row[i]) + kGap);
  }
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      out << row[i] << std::string(widths[i] - width(row[i]), ' ');
    out << '\n';
  }
}

void print_cardinality(const Families& families, std::ostream& out) {
  std::vector<const MetricFamily*> largest_first;
  std::size_t total = 0;
  for (const auto& [name, family] : families) {
    largest_first.push_back(&family);
    total += family.cardinality();
  }
  std::stable_sort(largest_first.begin(), largest_first.end(), [](const auto* a, const auto* b) {
    return a->cardinality() > b->cardinality();
  });
  std::vector<Row> rows = {{"Metric", "Cardinality", "Percentage"}};
  for (const MetricFamily* family : largest_first) {
    const double share = static_cast<double>(family->cardinality()) / static_cast<double>(total);
    rows.push_back({family->name, std::to_string(family->cardinality()), percent(share, 2)});
  }
  rows.push_back({"Total", std::to_string(total), percent(1, 0)});
  print_columns(rows, out);
}

}  // namespace

Findings check_metrics(std::string_view page, const MetricsChecks& checks, Console& console) {
  const Result<Families> families = FamilyReader().read(page);
  if (!families) {
    console.err << (checks.conventions ? "error while linting: " : "error while parsing: ")
                << families.error().message << '\n';
    return {.errors = true};
  }
  Findings findings;
  if (checks.conventions) {
    for (const auto& [name, family] : *families) {
      for (const std::string& problem : problems_of(family)) {
        console.err << name << ' ' << problem << '\n';
        findings.lint = true;
      }
    }
  }
  if (checks.cardinality) print_cardinality(*families, console.out);
  return findings;
}

}  // namespace silverback::cmd
