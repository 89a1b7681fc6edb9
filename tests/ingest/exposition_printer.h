// Parsed pages as plain values, and back to text: for tests that compare pages.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/number_text.h"
#include "ingest/exposition.h"

namespace silverback::testing {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

struct PageExemplar {
  LabelPairs labels;
  std::string value;
  std::optional<TimestampMs> timestamp;
  bool operator==(const PageExemplar&) const = default;
};

struct PageEntry {
  ingest::Exposition::Entry kind;
  LabelPairs labels;
  std::string value;  // as text: NaN equals itself
  std::optional<TimestampMs> timestamp;
  std::optional<PageExemplar> exemplar;
  std::string family, help, unit;
  MetricType type = MetricType::kUnknown;
  bool operator==(const PageEntry&) const = default;
};

inline LabelPairs pairs(const std::vector<Label>& labels) {
  LabelPairs pairs;
  for (const Label& label : labels) pairs.emplace_back(label.name, label.value);
  return pairs;
}

// All of the entry that the parser stands on.
inline PageEntry copy_entry(ingest::Exposition::Entry kind, ingest::Exposition& page) {
  using Entry = ingest::Exposition::Entry;
  PageEntry entry{};
  entry.kind = kind;
  if (kind == Entry::kSample) {
    entry.labels = pairs(page.labels());
    entry.value = format_float(page.value());
    entry.timestamp = page.timestamp();
    if (const ingest::ExposedExemplar* exemplar = page.exemplar()) {
      entry.exemplar =
          PageExemplar{pairs(exemplar->labels), format_float(exemplar->value), exemplar->timestamp};
    }
    return entry;
  }
  entry.family = page.family();
  if (kind == Entry::kHelp) entry.help = page.help();
  if (kind == Entry::kType) entry.type = page.type();
  if (kind == Entry::kUnit) entry.unit = page.unit();
  return entry;
}

inline Result<std::vector<PageEntry>> read_page(std::string_view text,
                                                ingest::ExpositionFormat format) {
  using Entry = ingest::Exposition::Entry;
  std::vector<PageEntry> entries;
  ingest::Exposition page(text, format);
  for (Entry kind = TRY(page.next()); kind != Entry::kEnd; kind = TRY(page.next())) {
    entries.push_back(copy_entry(kind, page));
  }
  return entries;
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

class PagePrinter {
 public:
  explicit PagePrinter(ingest::ExpositionFormat format)
      : open_metrics_(format == ingest::ExpositionFormat::kOpenMetrics) {}

  std::string print(const std::vector<PageEntry>& entries) {
    for (const PageEntry& entry : entries) print(entry);
    if (open_metrics_) out_ += "# EOF\n";
    return out_;
  }

 private:
  using Entry = ingest::Exposition::Entry;

  void print(const PageEntry& entry) {
    const std::string family = in_quotes(entry.family);
    if (entry.kind == Entry::kHelp) {
      out_ += "# HELP " + family + " " + escaped(entry.help, open_metrics_) + "\n";
    } else if (entry.kind == Entry::kUnit) {
      out_ += "# UNIT " + family + " " + entry.unit + "\n";
    } else if (entry.kind == Entry::kType) {
      const bool untyped = entry.type == MetricType::kUnknown && !open_metrics_;
      out_ += "# TYPE " + family + " ";
      out_ += untyped ? "untyped" : to_string(entry.type);
      out_ += "\n";
    } else {
      out_ += "{" + in_quotes(entry.labels.at(0).second);
      for (std::size_t i = 1; i < entry.labels.size(); ++i) print_label(entry.labels[i], ",");
      out_ += "} " + entry.value;
      print_timestamp(entry.timestamp);
      if (entry.exemplar) print(*entry.exemplar);
      out_ += "\n";
    }
  }

  // Labels of exemplars are as they were written.
  void print(const PageExemplar& exemplar) {
    out_ += " # {";
    for (const auto& [name, value] : exemplar.labels) {
      out_ += "\"" + name + "\"=\"" + value + "\",";
    }
    out_ += "} " + exemplar.value;
    print_timestamp(exemplar.timestamp);
  }

  void print_label(const std::pair<std::string, std::string>& label, std::string_view before) {
    out_ += before;
    out_ += in_quotes(label.first) + "=" + in_quotes(label.second);
  }

  void print_timestamp(std::optional<TimestampMs> timestamp) {
    if (!timestamp) return;
    out_ += " ";
    if (open_metrics_) {
      append_json_timestamp(out_, *timestamp);
    } else {
      out_ += std::to_string(*timestamp);
    }
  }

  static std::string in_quotes(std::string_view text) { return "\"" + escaped(text, true) + "\""; }

  const bool open_metrics_;
  std::string out_;
};

inline std::string print_page(const std::vector<PageEntry>& entries,
                              ingest::ExpositionFormat format) {
  return PagePrinter(format).print(entries);
}

}  // namespace silverback::testing
