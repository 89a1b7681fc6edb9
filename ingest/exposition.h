// Pages of metrics as targets expose them, as a pull parser over a page in memory. Two grammars:
//
//   kText: Prometheus's text format, 0.0.4 and 1.0.0
//     # HELP http_requests_total Requests.
//     # TYPE http_requests_total counter
//     http_requests_total{code="200"} 1027 1395066363000
//     {"my.metric","größe"="1"} 3
//
//   kOpenMetrics: OpenMetrics 0.0.1 and 1.0.0
//     # TYPE request_seconds histogram
//     # UNIT request_seconds seconds
//     request_seconds_bucket{le="1"} 7 1395066363.5 # {trace_id="5af"} 0.3
//     # EOF
//
//   Exposition page(bytes, ExpositionFormat::kText);
//   while (TRY(page.next()) != Exposition::Entry::kEnd) …
//
// Nothing is copied but names and values with escapes, nothing is allocated for a line without
// them. Versions of a format are read alike. Which deviations are taken and which fail the page
// follows Prometheus's scraper, because exporters are written against it:
//
//   kText         blanks and tabs between any tokens, commas left out or one too many at the end of
//                 the labels, unknown escapes kept as they are, line feeds within quotes, a last
//                 line without its line feed; but a carriage return or a blank after a type fail.
//                 Blanks before a name are skipped (Prometheus takes them into the name).
//   kOpenMetrics  one blank where the format has one and none elsewhere, no empty lines, no other
//                 comments, `# EOF` at the end; but nothing is demanded of how samples, their names
//                 and their values go with the type of their family, and nothing of their order.
//                 Samples named `_created` are samples. A page of no bytes is empty, no error.
//
// Prometheus compatibility: in both, the last TYPE stays in force for samples of other names.
//
// A label that comes twice is for the caller to refuse. Every step forward is over bytes not seen
// before, so the time is linear in the page whatever it holds; what bounds the page bounds memory.
//
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/,
// https://prometheus.io/docs/specs/om/open_metrics_spec/. Threads: a value of one thread. The page
// must outlive it.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/sample.h"
#include "ingest/exposition_format.h"

namespace silverback::ingest {

// As it stands in the page.
struct ExposedExemplar {
  std::vector<Label> labels;  // Prometheus compatibility: escapes are left in
  double value = 0;
  std::optional<TimestampMs> timestamp;

  // What kExemplarLabelRunesMax limits. One too long is not stored; it does not fail the page.
  std::size_t label_runes() const;
};
inline constexpr std::size_t kExemplarLabelRunesMax = 128;

class Exposition {
 public:
  enum class Entry { kSample, kType, kHelp, kUnit, kEnd };

  Exposition(std::string_view page, ExpositionFormat format)
      : page_(page), open_metrics_(format == ExpositionFormat::kOpenMetrics) {}

  // The next entry; comments and empty lines are skipped. Stays at kEnd. After an error the parser
  // is of no further use. Errors: kInvalidArgument, `line 3: …`.
  //
  // `known_series` is a guess at the series_text() of the next sample, taken from an earlier page
  // of the same format, or empty: where the guess holds, its labels are not parsed again until
  // labels() is called. It changes nothing but the speed.
  Result<Entry> next(std::string_view known_series = {});

  // Of the last kSample. Views hold until the next call of next().
  // Unescaped, `__name__` first: neither sorted nor checked for names that come twice. `le` and
  // `quantile` are in OpenMetrics's form (`1` is `1.0`) below a TYPE that gives them their meaning.
  const std::vector<Label>& labels();
  // The bytes of name and labels as they stand in the page: the same from scrape to scrape, so a
  // key for caches.
  std::string_view series_text() const { return series_text_; }
  // Whether the guess held, so that series_text() is `known_series`. Until labels() is called.
  bool guess_held() const { return label_state_ == LabelState::kUnparsed; }
  double value() const { return value_; }
  std::optional<TimestampMs> timestamp() const { return timestamp_; }
  // Null if it has none.
  const ExposedExemplar* exemplar() const { return has_exemplar_ ? &exemplar_ : nullptr; }

  // Of the last kType, kHelp or kUnit.
  std::string_view family() const { return family_; }
  MetricType type() const { return type_; }
  std::string_view help() const { return help_; }
  std::string_view unit() const { return unit_; }

  // Of the entry, from 1. For error texts: counts from the start of the page.
  std::size_t line() const { return line_at(entry_); }

 private:
  enum class ListOf { kSeries, kExemplar };

  Result<Entry> next_text(std::string_view known_series);
  Result<Entry> next_open_metrics(std::string_view known_series);
  Status family_and_rest(std::string_view keyword, std::string_view& rest);
  Result<Entry> help_entry();
  Result<Entry> type_entry();
  Result<Entry> unit_entry();

  Result<Entry> sample(std::string_view known_series);
  bool take_known_series(std::string_view known_series);
  Status series();
  Status label_list(std::vector<Label>& labels, ListOf what);
  Status value_after(std::string_view what, double& value);
  Status end_of_text_sample();
  Status end_of_open_metrics_sample();
  Status read_exemplar();
  Status seconds(std::string_view what, std::optional<TimestampMs>& timestamp);

  bool at_end() const { return position_ == page_.size(); }
  char peek() const { return at_end() ? '\0' : page_[position_]; }
  bool skip(char c);
  bool skip(std::string_view text);
  void skip_blanks();
  void skip_blanks_of_text();
  bool skip_keyword(std::string_view word);
  std::string_view take_name(bool colons);
  std::string_view take_token(bool brace_ends);
  std::string_view take_rest_of_line();
  std::optional<std::string_view> take_quoted(bool line_feeds, bool nuls);
  std::string_view unescape(std::string_view text, bool also_quotes);

  std::size_t line_at(std::size_t position) const;
  tl::unexpected<Error> error(std::string what) const;
  tl::unexpected<Error> expected(std::string_view what) const;

  const std::string_view page_;
  const bool open_metrics_;
  std::size_t position_ = 0;
  std::size_t entry_ = 0;  // where the last entry began
  bool ended_ = false;

  std::string_view series_text_;
  std::vector<Label> labels_;
  enum class LabelState { kUnparsed, kAsWritten, kReady } label_state_ = LabelState::kReady;
  double value_ = 0;
  std::optional<TimestampMs> timestamp_;
  bool has_exemplar_ = false;
  ExposedExemplar exemplar_;
  std::string_view family_, help_, unit_;
  MetricType type_ = MetricType::kUnknown;  // stays in force until the next one
  std::deque<std::string> made_;            // a deque: views into its strings survive its growth
};

}  // namespace silverback::ingest
