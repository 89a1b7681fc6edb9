// Parsed pages as plain values, and back to text: for tests that compare pages.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/number_text.h"
#include "ingest/exposition_text.h"

namespace silverback::testing {

struct PageEntry {
  ingest::ExpositionText::Entry kind;
  std::vector<std::pair<std::string, std::string>> labels;
  std::string value;  // as text: NaN equals itself
  std::optional<TimestampMs> timestamp;
  std::string family, help;
  MetricType type = MetricType::kUnknown;
  bool operator==(const PageEntry&) const = default;
};

inline Result<std::vector<PageEntry>> read_page(std::string_view text) {
  using Entry = ingest::ExpositionText::Entry;
  std::vector<PageEntry> entries;
  ingest::ExpositionText page(text);
  while (true) {
    const Entry kind = TRY(page.next());
    if (kind == Entry::kEnd) return entries;
    PageEntry& entry = entries.emplace_back();
    entry.kind = kind;
    if (kind == Entry::kSample) {
      for (const Label& label : page.labels()) {
        entry.labels.emplace_back(label.name, label.value);
      }
      entry.value = format_float(page.value());
      entry.timestamp = page.timestamp();
    } else {
      entry.family = page.family();
      if (kind == Entry::kHelp) entry.help = page.help();
      if (kind == Entry::kType) entry.type = page.type();
    }
  }
}

inline std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

inline std::string print_page(const std::vector<PageEntry>& entries) {
  using Entry = ingest::ExpositionText::Entry;
  const auto in_quotes = [](std::string_view text) { return "\"" + escaped(text, true) + "\""; };
  std::string out;
  for (const PageEntry& entry : entries) {
    if (entry.kind == Entry::kHelp) {
      out += "# HELP " + in_quotes(entry.family) + " " + escaped(entry.help, false) + "\n";
    } else if (entry.kind == Entry::kType) {
      const bool untyped = entry.type == MetricType::kUnknown;
      out += "# TYPE " + in_quotes(entry.family) + " ";
      out += untyped ? "untyped" : to_string(entry.type);
      out += "\n";
    } else {
      out += "{" + in_quotes(entry.labels.at(0).second);
      for (std::size_t i = 1; i < entry.labels.size(); ++i) {
        out += "," + in_quotes(entry.labels[i].first) + "=" + in_quotes(entry.labels[i].second);
      }
      out += "} " + entry.value;
      if (entry.timestamp) out += " " + std::to_string(*entry.timestamp);
      out += "\n";
    }
  }
  return out;
}

}  // namespace silverback::testing
