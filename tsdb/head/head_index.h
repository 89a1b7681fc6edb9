// The head's index: label names and pairs interned, postings per pair, series found by labels. A
// series' labels are the ids of its pairs in order of names: 4 bytes a label instead of its text.
// Threads: externally synchronised; const functions side by side.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/labels.h"
#include "base/matcher.h"
#include "tsdb/codec/postings.h"

namespace silverback::tsdb {

class HeadIndex {
 public:
  using PairIds = std::span<const std::uint32_t>;

  struct Pair {
    std::uint32_t name = 0;
    std::string value;
    Postings postings;
  };
  struct Name {
    std::string name;
    boost::unordered_flat_map<std::string_view, std::uint32_t> pairs;  // by value
  };

  // Series with these labels; `hash` is labels.hash().
  std::optional<std::uint32_t> find(const Labels& labels, std::uint64_t hash) const;
  // Requires that there is none. The pairs stay where they are until remove().
  PairIds add(std::uint32_t id, const Labels& labels, std::uint64_t hash);
  void remove(std::uint32_t id, PairIds pairs, std::uint64_t hash);

  Labels labels(PairIds pairs) const;
  std::string_view value(PairIds pairs, std::string_view name) const;
  std::strong_ordering compare(PairIds a, PairIds b) const;

  // Ids of the series that match, ascending; all without matchers.
  std::vector<std::uint32_t> match(std::span<const Matcher> matchers) const;

  const Name* name(std::string_view name) const;
  const Pair& pair(std::uint32_t id) const { return pairs_[id]; }
  std::string_view name_of(std::uint32_t pair) const { return names_[pairs_[pair].name].name; }
  void for_each_name(const std::function<void(const Name&)>& visit) const;
  std::uint64_t series() const { return all_.size(); }
  std::uint64_t label_pairs() const { return pairs_.size() - free_pairs_.size(); }

 private:
  std::uint32_t intern(const Label& label);
  void drop_pair(std::uint32_t id);
  std::uint32_t* allocate_list(std::size_t size);
  bool has_labels(PairIds pairs, const Labels& labels) const;
  IdSet ids_of_values(const Matcher& matcher, bool that_match) const;

  struct Known {
    std::uint32_t id;
    const std::uint32_t* pairs;
    std::uint32_t count;
  };
  boost::unordered_flat_map<std::uint64_t, Known> by_hash_;
  std::vector<std::pair<std::uint64_t, Known>> same_hash_;  // whose hash another series had first

  std::deque<Name> names_;
  std::vector<std::uint32_t> free_names_;
  boost::unordered_flat_map<std::string_view, std::uint32_t> name_ids_;
  std::deque<Pair> pairs_;
  std::vector<std::uint32_t> free_pairs_;
  Postings all_;

  // Pair lists by length, reused; cut from blocks.
  std::vector<std::vector<std::uint32_t*>> free_lists_;
  std::vector<std::unique_ptr<std::uint32_t[]>> blocks_;
  std::uint32_t* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace silverback::tsdb
