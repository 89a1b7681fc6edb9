#include "tsdb/head/head_index.h"

#include <algorithm>

namespace silverback::tsdb {
namespace {

constexpr std::size_t kListBlock = 64 << 10;

}  // namespace

bool HeadIndex::has_labels(PairIds pairs, const Labels& labels) const {
  auto label = labels.begin();
  for (const std::uint32_t id : pairs) {
    if (label == labels.end()) return false;
    const Pair& pair = pairs_[id];
    if (pair.value != label->value || names_[pair.name].name != label->name) return false;
    ++label;
  }
  return label == labels.end();
}

std::optional<std::uint32_t> HeadIndex::find(const Labels& labels, std::uint64_t hash) const {
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end()) return std::nullopt;
  const Known& known = found->second;
  if (has_labels({known.pairs, known.count}, labels)) return known.id;
  for (const auto& [other_hash, other] : same_hash_)
    if (other_hash == hash && has_labels({other.pairs, other.count}, labels)) return other.id;
  return std::nullopt;
}

std::uint32_t* HeadIndex::allocate_list(std::size_t size) {
  if (size < free_lists_.size() && !free_lists_[size].empty()) {
    std::uint32_t* list = free_lists_[size].back();
    free_lists_[size].pop_back();
    return list;
  }
  if (left_ < size) {
    left_ = std::max(kListBlock, size);
    blocks_.push_back(std::make_unique_for_overwrite<std::uint32_t[]>(left_));
    next_ = blocks_.back().get();
  }
  std::uint32_t* list = next_;
  next_ += size;
  left_ -= size;
  return list;
}

std::uint32_t HeadIndex::intern(const Label& label) {
  auto name = name_ids_.find(label.name);
  if (name == name_ids_.end()) {
    std::uint32_t id = 0;
    if (free_names_.empty()) {
      id = static_cast<std::uint32_t>(names_.size());
      names_.emplace_back();
    } else {
      id = free_names_.back();
      free_names_.pop_back();
    }
    names_[id].name = label.name;
    name = name_ids_.emplace(std::string_view(names_[id].name), id).first;
  }
  auto& values = names_[name->second].pairs;
  const auto found = values.find(label.value);
  if (found != values.end()) return found->second;
  std::uint32_t id = 0;
  if (free_pairs_.empty()) {
    id = static_cast<std::uint32_t>(pairs_.size());
    pairs_.emplace_back();
  } else {
    id = free_pairs_.back();
    free_pairs_.pop_back();
  }
  pairs_[id].name = name->second;
  pairs_[id].value = label.value;
  values.emplace(std::string_view(pairs_[id].value), id);
  return id;
}

HeadIndex::PairIds HeadIndex::add(std::uint32_t id, const Labels& labels, std::uint64_t hash) {
  const std::size_t count = labels.size();
  std::uint32_t* list = allocate_list(count);
  std::size_t filled = 0;
  for (const Label& label : labels) {
    const std::uint32_t pair = intern(label);
    pairs_[pair].postings.add(id);
    list[filled++] = pair;
  }
  all_.add(id);
  const Known known{id, list, static_cast<std::uint32_t>(count)};
  if (!by_hash_.emplace(hash, known).second) same_hash_.emplace_back(hash, known);
  return {list, count};
}

void HeadIndex::drop_pair(std::uint32_t id) {
  Pair& pair = pairs_[id];
  Name& name = names_[pair.name];
  name.pairs.erase(pair.value);
  if (name.pairs.empty()) {
    name_ids_.erase(name.name);
    name = {};
    free_names_.push_back(pair.name);
  }
  pair = {};
  free_pairs_.push_back(id);
}

void HeadIndex::remove(std::uint32_t id, PairIds pairs, std::uint64_t hash) {
  for (const std::uint32_t pair : pairs) {
    pairs_[pair].postings.remove(id);
    if (pairs_[pair].postings.size() == 0) drop_pair(pair);
  }
  all_.remove(id);
  const auto same = std::find_if(same_hash_.begin(), same_hash_.end(),
                                 [&](const auto& entry) { return entry.second.id == id; });
  if (same != same_hash_.end()) {
    same_hash_.erase(same);
  } else {
    by_hash_.erase(hash);
    const auto next = std::find_if(same_hash_.begin(), same_hash_.end(),
                                   [&](const auto& entry) { return entry.first == hash; });
    if (next != same_hash_.end()) {
      by_hash_.emplace(hash, next->second);
      same_hash_.erase(next);
    }
  }
  if (free_lists_.size() <= pairs.size()) free_lists_.resize(pairs.size() + 1);
  free_lists_[pairs.size()].push_back(const_cast<std::uint32_t*>(pairs.data()));
}

Labels HeadIndex::labels(PairIds pairs) const {
  std::vector<Label> labels;
  labels.reserve(pairs.size());
  for (const std::uint32_t id : pairs) {
    const Pair& pair = pairs_[id];
    labels.push_back({names_[pair.name].name, pair.value});
  }
  return Labels::from_sorted(labels);
}

std::string_view HeadIndex::value(PairIds pairs, std::string_view name) const {
  for (const std::uint32_t id : pairs)
    if (names_[pairs_[id].name].name == name) return pairs_[id].value;
  return {};
}

std::strong_ordering HeadIndex::compare(PairIds a, PairIds b) const {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (a[i] == b[i]) continue;
    const Pair& left = pairs_[a[i]];
    const Pair& right = pairs_[b[i]];
    if (left.name != right.name) return names_[left.name].name <=> names_[right.name].name;
    return left.value <=> right.value;
  }
  return a.size() <=> b.size();
}

const HeadIndex::Name* HeadIndex::name(std::string_view name) const {
  const auto found = name_ids_.find(name);
  return found == name_ids_.end() ? nullptr : &names_[found->second];
}

void HeadIndex::for_each_name(const std::function<void(const Name&)>& visit) const {
  for (const auto& entry : name_ids_) visit(names_[entry.second]);
}

// The series that have one of the values of the matcher's label that it takes (or does not take).
IdSet HeadIndex::ids_of_values(const Matcher& matcher, bool that_match) const {
  IdSet ids;
  const Name* label = name(matcher.name());
  if (label == nullptr) return ids;
  const auto add_value = [&](std::string_view value) {
    const auto pair = label->pairs.find(value);
    if (pair != label->pairs.end()) pairs_[pair->second].postings.unite_into(ids);
  };
  const bool listed = that_match != matcher.is_negative();
  const bool is_regex =
      matcher.type() == Matcher::Type::kRegex || matcher.type() == Matcher::Type::kNotRegex;
  if (listed && !is_regex) {
    add_value(matcher.value());
  } else if (listed && !matcher.set().empty()) {
    for (const std::string& value : matcher.set()) add_value(value);
  } else {
    for (const auto& [value, pair] : label->pairs) {
      // A value without the prefix cannot match the expression: no need to run it.
      const bool matches = listed && !value.starts_with(matcher.prefix()) ? matcher.is_negative()
                                                                          : matcher.matches(value);
      if (matches == that_match) pairs_[pair].postings.unite_into(ids);
    }
  }
  return ids;
}

std::vector<std::uint32_t> HeadIndex::match(std::span<const Matcher> matchers) const {
  // Equalities first, by ascending size: they need no set of their own.
  std::vector<const Postings*> equal;
  std::vector<const Matcher*> rest;
  for (const Matcher& matcher : matchers) {
    if (matcher.type() != Matcher::Type::kEqual || matcher.matches_empty()) {
      rest.push_back(&matcher);
      continue;
    }
    const Name* label = name(matcher.name());
    if (label == nullptr) return {};
    const auto pair = label->pairs.find(matcher.value());
    if (pair == label->pairs.end()) return {};
    equal.push_back(&pairs_[pair->second].postings);
  }
  if (equal.empty()) equal.push_back(&all_);
  std::sort(equal.begin(), equal.end(),
            [](const Postings* a, const Postings* b) { return a->size() < b->size(); });
  if (equal.size() == 1 && rest.empty()) return equal.front()->ids();

  IdSet ids;
  equal.front()->unite_into(ids);
  for (std::size_t i = 1; i < equal.size(); ++i) equal[i]->intersect_into(ids);
  for (const Matcher* matcher : rest) {
    if (ids.empty()) break;
    // A matcher that takes the empty value takes series without the label too.
    if (matcher->matches_empty()) {
      ids.subtract(ids_of_values(*matcher, false));
    } else {
      ids.intersect(ids_of_values(*matcher, true));
    }
  }
  return ids.ids();
}

}  // namespace silverback::tsdb
