// Prometheus's text format 0.0.4, as a pull parser over a page in memory:
//
//   # HELP http_requests_total Requests.
//   # TYPE http_requests_total counter
//   http_requests_total{code="200",path="/a\"b"} 1027 1395066363000
//   {"my.metric","größe"="1"} 3
//
//   ExpositionText page(bytes);
//   while (TRY(page.next()) != ExpositionText::Entry::kEnd) …
//
// Nothing is copied but names and values with escapes. Which deviations from the format are taken
// and which fail the page follows Prometheus's scraper, because exporters are written against it:
// blanks and tabs between any tokens, a comma left out or too many at the end of the labels,
// unknown escapes kept as they are, a last line without its line feed; but a carriage return or a
// blank after the type fail. Blanks before a name are skipped (Prometheus takes them into the
// name).
//
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/. Threads: a value of one
// thread. The page must outlive it.
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

namespace silverback::ingest {

class ExpositionText {
 public:
  enum class Entry { kSample, kType, kHelp, kEnd };

  explicit ExpositionText(std::string_view page) : page_(page) {}

  // The next entry; comments and empty lines are skipped. Stays at kEnd. After an error the parser
  // is of no further use. Errors: kInvalidArgument, `line 3: …`.
  Result<Entry> next();

  // Of the last kSample. Views hold until the next call of next().
  // As written, `__name__` first: neither sorted nor checked for names that come twice.
  const std::vector<Label>& labels() const { return labels_; }
  // The bytes of name and labels as they stand in the page: the same from scrape to scrape, so a
  // key for caches.
  std::string_view series_text() const { return series_text_; }
  double value() const { return value_; }
  std::optional<TimestampMs> timestamp() const { return timestamp_; }

  // Of the last kType or kHelp.
  std::string_view family() const { return family_; }
  MetricType type() const { return type_; }
  std::string_view help() const { return help_; }

  std::size_t line() const { return line_; }  // of the entry, from 1

 private:
  Result<std::optional<Entry>> comment();
  Result<Entry> help_entry();
  Result<Entry> type_entry();
  Status family_name();
  std::string_view rest_of_line();
  Result<Entry> sample();
  Status label_list();
  Status value_and_timestamp();
  Result<std::string_view> quoted();
  Status line_end();

  bool at_end() const { return position_ >= page_.size(); }
  char peek() const { return at_end() ? '\0' : page_[position_]; }
  bool skip(char c);
  void skip_blanks();
  std::string_view take_name(bool colons);
  std::string_view unescape(std::string_view text, bool also_quotes);
  tl::unexpected<Error> error(std::string_view what) const;

  const std::string_view page_;
  std::size_t position_ = 0;
  std::size_t line_ = 1;
  std::size_t lines_passed_ = 0;  // ends of line seen since the entry began

  std::vector<Label> labels_;
  std::string_view series_text_;
  double value_ = 0;
  std::optional<TimestampMs> timestamp_;
  std::string_view family_, help_;
  MetricType type_ = MetricType::kUnknown;
  std::deque<std::string> unescaped_;  // a deque: views into its strings survive its growth
};

}  // namespace silverback::ingest
