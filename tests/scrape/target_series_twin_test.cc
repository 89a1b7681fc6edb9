// Random pages through TargetSeries and through the obvious program: a map of label sets per
// series, a map of lines per page. Same samples, same markers, same counts.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "scrape/target_series.h"
#include "tests/ingest/recording_store.h"
#include "tests/testing/seed.h"

namespace silverback::scrape {
namespace {

using config::RelabelAction;
using silverback::testing::RecordingStore;

struct PageLine {
  std::string name, x, y;  // x and y: labels, left out if empty
  double value = 0;
  std::optional<TimestampMs> time;

  std::string series_text() const {
    std::string text = name + "{";
    if (!x.empty()) text += "x=\"" + x + "\",";
    if (!y.empty()) text += "y=\"" + y + "\"";
    return text + "}";
  }
  std::string text() const {
    return series_text() + " " + std::to_string(static_cast<int>(value)) +
           (time ? " " + std::to_string(*time) : "") + "\n";
  }
};

// Rules of which the naive program has its own idea.
struct TwinRules {
  bool honor_timestamps = true;
  bool track = false;
  std::string dropped_x;  // lines with this x are dropped
  bool without_y = false;
  std::size_t limit = 0;
  bool operator==(const TwinRules&) const = default;

  SampleRules rules() const {
    SampleRules rules;
    rules.honor_timestamps = honor_timestamps;
    rules.track_timestamps_staleness = track;
    rules.limits.sample_limit = limit;
    std::vector<config::RelabelRule> all;
    if (!dropped_x.empty()) {
      all.push_back(
          {.source_labels = {"exported_x"}, .regex = dropped_x, .action = RelabelAction::kDrop});
    }
    if (without_y) all.push_back({.regex = "y", .action = RelabelAction::kLabelDrop});
    rules.relabeling = *config::Relabeling::make(std::move(all));
    return rules;
  }
  // The text of the series; empty if it is dropped. The target's only label is `x`.
  std::string series(const PageLine& line) const {
    if (!dropped_x.empty() && dropped_x == line.x) return "";
    std::string text = line.name + "{";
    if (!line.x.empty()) text += "exported_x=\"" + line.x + "\", ";
    text += "x=\"t\"";
    if (!line.y.empty() && !without_y) text += ", y=\"" + line.y + "\"";
    return text + "}";
  }
};

class NaiveTarget {
 public:
  std::map<std::string, std::map<TimestampMs, double>> samples;
  ScrapeReport report;

  void set_rules(const TwinRules& rules) {
    TwinRules same = rules;
    same.limit = rules_.limit;
    const bool is_same = same == rules_;
    rules_ = rules;
    if (is_same) return;
    for (const auto& [text, line] : lines_) {
      if (line.tracked) former_.insert({line.series, line.generation});
    }
    lines_.clear();
  }
  void forget(const std::string& series) { ++generations_[series]; }
  bool scrape(const std::vector<PageLine>& page, bool broken, TimestampMs t, TimeRange accepted);
  void scrape_nothing(TimestampMs t) {
    std::set<Ref> gone = std::exchange(former_, {});
    for (auto& [text, line] : lines_) {
      if (line.tracked) gone.insert({line.series, line.generation});
      line.tracked = false;
    }
    mark(gone, t);
  }

 private:
  using Ref = std::pair<std::string, int>;  // series, how often it was forgotten before
  struct Line {
    std::string series;
    int generation = -1;  // -1: the store was never asked
    bool tracked = false;
    bool counted = false;  // as added
  };

  void mark(const std::set<Ref>& gone, TimestampMs t) {
    for (const auto& [series, generation] : gone) {
      if (generation != generations_[series]) continue;
      auto& all = samples[series];
      if (all.empty() || all.rbegin()->first <= t) all.emplace(t, stale_marker());
    }
  }

  TwinRules rules_;
  std::map<std::string, Line> lines_;  // of the last good page and bad ones since, by their text
  std::set<Ref> former_;
  std::map<std::string, int> generations_;
};

bool NaiveTarget::scrape(const std::vector<PageLine>& page, bool broken, TimestampMs t,
                         TimeRange accepted) {
  report = {};
  std::map<std::string, Line> now;
  std::vector<std::pair<std::string, Sample>> taken;
  std::size_t count = 0;
  for (const PageLine& line : page) {
    ++report.scraped;
    const std::string series = rules_.series(line);
    const auto before = lines_.find(line.series_text());
    const bool is_first = !now.contains(line.series_text());
    Line& mine = now[line.series_text()];
    if (is_first) mine = before == lines_.end() ? Line{.series = series} : before->second;
    if (series.empty()) continue;
    ++report.post_relabeling;
    const bool own_time = rules_.honor_timestamps && line.time.has_value();
    const TimestampMs time = own_time ? *line.time : t;
    if (is_first) mine.tracked = !own_time || rules_.track;
    if (!is_first && !own_time) continue;
    if (rules_.limit != 0 && ++count > rules_.limit) continue;
    if (!accepted.contains(time)) continue;
    if (!std::exchange(mine.counted, true)) ++report.added;
    mine.generation = generations_[series];
    taken.push_back({series, {time, line.value}});
  }
  if (broken || (rules_.limit != 0 && count > rules_.limit)) {
    for (const auto& [text, line] : now) {
      const auto known = lines_.try_emplace(text, Line{.series = line.series}).first;
      known->second.counted = line.counted;
    }
    return false;
  }
  for (const auto& [series, sample] : taken) samples[series].emplace(sample.t, sample.v);
  std::set<Ref> gone = std::exchange(former_, {});
  for (const auto& [text, line] : lines_) {
    if (line.tracked && !now.contains(text)) gone.insert({line.series, line.generation});
  }
  for (const auto& [text, line] : now) gone.erase({line.series, line.generation});
  lines_ = std::move(now);
  mark(gone, t);
  return true;
}

class Twin {
 public:
  explicit Twin(std::uint64_t seed) : random_(seed) {}

  void run() {
    for (int i = 0; i < 8; ++i) page_.push_back(random_line());
    for (int round = 0; round < 60 && !::testing::Test::HasFailure(); ++round) {
      t_ += 10'000;
      change_world();
      scrape();
      compare();
    }
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  bool once_in(std::size_t n) { return below(n) == 0; }

  PageLine random_line() {
    const char* const values[] = {"", "1", "2", "3"};
    return {std::string(1, static_cast<char>('a' + below(4))), values[below(4)], values[below(4)],
            0, std::nullopt};
  }

  void change_world() {
    for (std::size_t n = below(3); n > 0; --n) {
      page_.insert(page_.begin() + static_cast<std::ptrdiff_t>(below(page_.size() + 1)),
                   random_line());
    }
    for (std::size_t n = below(3); n > 0 && page_.size() > 2; --n) {
      page_.erase(page_.begin() + static_cast<std::ptrdiff_t>(below(page_.size())));
    }
    if (once_in(8)) std::shuffle(page_.begin(), page_.end(), random_);
    for (PageLine& line : page_) {
      line.value = static_cast<double>(below(1000));
      line.time.reset();
      if (once_in(8)) line.time = t_ - static_cast<TimestampMs>(below(20'000));
      if (once_in(50)) line.time = t_ - 10'000'000;
    }
    if (once_in(8)) {
      TwinRules rules;
      rules.honor_timestamps = !once_in(4);
      rules.track = once_in(3);
      rules.without_y = once_in(2);
      if (once_in(3)) rules.dropped_x = "1";
      if (once_in(4)) rules.limit = 4 + below(20);
      target_.set_rules(std::make_shared<const SampleRules>(rules.rules()));
      naive_.set_rules(rules);
    }
    if (once_in(6) && !naive_.samples.empty()) {
      const auto forgotten = std::next(naive_.samples.begin(),
                                       static_cast<std::ptrdiff_t>(below(naive_.samples.size())));
      const SeriesRef ref = store_.ref_of(forgotten->first);
      if (store_.forgotten.insert(ref).second) naive_.forget(forgotten->first);
    }
  }

  void scrape() {
    const std::unique_ptr<Appender> batch = store_.appender();
    const TimeRange accepted{t_ - 1'000'000, t_ + 1'000};
    ScrapeReport report;
    if (once_in(10)) {
      target_.append_nothing(*batch, t_);
      naive_.scrape_nothing(t_);
    } else {
      const bool broken = once_in(10);
      std::string text;
      for (const PageLine& line : page_) text += line.text();
      if (broken) text += "broken\n";
      const Status read =
          target_.append(*batch, text, ingest::ExpositionFormat::kText, t_, accepted, report);
      ASSERT_EQ(read.has_value(), naive_.scrape(page_, broken, t_, accepted)) << text;
      if (!read) {
        batch->rollback();
        target_.append_nothing(*batch, t_);
        naive_.scrape_nothing(t_);
      }
      ASSERT_EQ(report.scraped, naive_.report.scraped);
      ASSERT_EQ(report.post_relabeling, naive_.report.post_relabeling);
      ASSERT_EQ(report.added, naive_.report.added) << text;
    }
    const auto result = batch->commit();
    ASSERT_TRUE(result);
    target_.committed(*result);
  }

  void compare() {
    for (const auto& [series, samples] : naive_.samples) {
      const auto& got = store_.samples[series];
      ASSERT_EQ(got.size(), samples.size()) << series << " at " << t_;
      for (const auto& [t, v] : samples) {
        ASSERT_TRUE(got.contains(t)) << series << " at " << t;
        ASSERT_TRUE(identical({t, v}, {t, got.at(t)})) << series << " at " << t;
      }
    }
    for (const auto& [series, samples] : store_.samples) {
      ASSERT_TRUE(samples.empty() || naive_.samples.contains(series)) << series;
    }
  }

  std::mt19937_64 random_;
  std::vector<PageLine> page_;
  TimestampMs t_ = 1'700'000'000'000;
  RecordingStore store_;
  Registry metrics_;
  MetadataPool pool_;
  ScrapeCounters counters_{metrics_};
  TargetSeries target_{std::make_shared<const SampleRules>(), Labels{{"x", "t"}}, pool_, counters_};
  NaiveTarget naive_;
};

TEST(TargetSeriesTwin, MakesTheSamplesAndMarkersOfTheObviousProgram) {
  const std::uint64_t seed = silverback::testing::seed();
  for (std::uint64_t i = 0; i < 100 && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("SILVERBACK_SEED=" + std::to_string(seed) + " round " + std::to_string(i));
    Twin(seed + i).run();
  }
}

}  // namespace
}  // namespace silverback::scrape
