#include "config/glob.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "base/labels.h"

namespace silverback::config {
namespace {

constexpr std::string_view kAnyFolders = "**";

// The character at `at`, which moves behind it. A byte that starts no character is one.
std::uint32_t next_character(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  std::uint32_t character = lead;
  for (int i = 0; i < more && at < text.size() && (text[at] & 0xc0) == 0x80; ++i)
    character = character << 8 | static_cast<unsigned char>(text[at++]);
  return character;
}

// One step of a pattern: a character, `?`, `*` or a bracket.
struct Step {
  enum class Kind : std::uint8_t { kCharacters, kAnyOne, kAnyRun };
  Kind kind = Kind::kCharacters;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges = {};  // closed
  bool negated = false;

  bool takes(std::uint32_t character) const {
    if (kind == Kind::kAnyOne) return true;
    const bool inside = std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
      return range.first <= character && character <= range.second;
    });
    return inside != negated;
  }
};

Status bad_pattern(std::string_view pattern) {
  return fail(ErrorCode::kInvalidArgument, "bad file name pattern " + quote(pattern));
}

// A character of the pattern that stands for itself; in brackets `-` and `]` do only behind a `\`.
Result<std::uint32_t> literal(std::string_view pattern, std::size_t& at, bool in_brackets) {
  if (at < pattern.size() && in_brackets && (pattern[at] == '-' || pattern[at] == ']'))
    TRY(bad_pattern(pattern));
  if (at < pattern.size() && pattern[at] == '\\') ++at;
  if (at >= pattern.size()) TRY(bad_pattern(pattern));
  return next_character(pattern, at);
}

// What is between the brackets; `at` is behind the first and moves behind the last.
Result<Step> brackets(std::string_view pattern, std::size_t& at) {
  Step step;
  step.negated = at < pattern.size() && pattern[at] == '^';
  if (step.negated) ++at;
  do {
    const std::uint32_t low = TRY(literal(pattern, at, true));
    std::uint32_t high = low;
    if (at < pattern.size() && pattern[at] == '-') high = TRY(literal(pattern, ++at, true));
    step.ranges.emplace_back(low, high);
    if (at >= pattern.size()) TRY(bad_pattern(pattern));
  } while (pattern[at] != ']');
  ++at;
  return step;
}

Result<std::vector<Step>> parse(std::string_view pattern) {
  std::vector<Step> steps;
  std::size_t at = 0;
  while (at < pattern.size()) {
    const char c = pattern[at];
    if (c == '*' || c == '?') {
      steps.push_back({c == '*' ? Step::Kind::kAnyRun : Step::Kind::kAnyOne});
      ++at;
    } else if (c == '[') {
      steps.push_back(TRY(brackets(pattern, ++at)));
    } else {
      const std::uint32_t character = TRY(literal(pattern, at, false));
      steps.push_back({Step::Kind::kCharacters, {{character, character}}});
    }
  }
  return steps;
}

// Linear but for going back to the last `*`.
bool matches(const std::vector<Step>& steps, std::string_view name) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t step = 0, at = 0, after_run = kNone, run_end = 0;
  while (at < name.size()) {
    if (step < steps.size() && steps[step].kind == Step::Kind::kAnyRun) {
      after_run = ++step;
      run_end = at;
      continue;
    }
    std::size_t behind = at;
    if (step < steps.size() && steps[step].takes(next_character(name, behind))) {
      ++step;
      at = behind;
    } else if (after_run != kNone) {
      next_character(name, run_end);
      at = run_end;
      step = after_run;
    } else {
      return false;
    }
  }
  return std::all_of(steps.begin() + static_cast<std::ptrdiff_t>(step), steps.end(),
                     [](const Step& rest) { return rest.kind == Step::Kind::kAnyRun; });
}

// A part of a pattern between two slashes.
struct Part {
  std::string text;
  std::vector<Step> steps;
  bool is_wild;
};

class Expansion {
 public:
  Expansion(FileSystem& files, std::vector<Part> parts) : files_(files), parts_(std::move(parts)) {}

  Status expand(const std::string& folder, std::size_t i) {
    const Part& part = parts_[i];
    const bool last = i + 1 == parts_.size();
    if (!part.is_wild) {
      const std::string path = join(folder, part.text);
      if (!last) return expand(path, i + 1);
      if (exists(path)) found_.insert(path);
      return {};
    }
    const bool any_folders = part.text == kAnyFolders && !last;
    if (any_folders) TRY(expand(folder, i + 1));
    for (const std::string& name : TRY(names_in(folder))) {
      if (any_folders) {
        // Hidden folders hold the older versions of what Kubernetes mounts.
        if (!name.starts_with('.')) TRY(expand(join(folder, name), i));
      } else if (matches(part.steps, name)) {
        if (!last) TRY(expand(join(folder, name), i + 1));
        if (last) found_.insert(join(folder, name));
      }
    }
    return {};
  }

  std::vector<std::string> found() const { return {found_.begin(), found_.end()}; }

 private:
  static std::string join(const std::string& folder, const std::string& name) {
    if (folder.empty()) return name;
    return folder.ends_with('/') ? folder + name : folder + "/" + name;
  }

  // Empty where there is no such folder. Go's would be, too, where one cannot be read: then rules
  // or targets would vanish without a word.
  Result<std::vector<std::string>> names_in(const std::string& folder) {
    if (++folders_ > kGlobFoldersMax) {
      return fail(ErrorCode::kInvalidArgument,
                  "more than " + std::to_string(kGlobFoldersMax) + " folders to look into");
    }
    Result<std::vector<std::string>> names = files_.list(folder.empty() ? "." : folder);
    if (!names && names.error().code == ErrorCode::kNotFound) return std::vector<std::string>();
    return names;
  }

  // What is there and cannot be read is told by who reads it.
  bool exists(const std::string& path) const {
    const Result<std::unique_ptr<File>> file = files_.open_read(path);
    return file || file.error().code != ErrorCode::kNotFound;
  }

  FileSystem& files_;
  const std::vector<Part> parts_;
  std::set<std::string> found_;
  std::size_t folders_ = 0;
};

}  // namespace

bool has_wildcard(std::string_view pattern) {
  return pattern.find_first_of("*?[\\") != std::string_view::npos;
}

std::size_t deep_part_end(std::string_view pattern) {
  const std::size_t inside = pattern.rfind("/**/");
  if (inside != std::string_view::npos) return inside + 3;
  return pattern.starts_with("**/") ? 2 : 0;
}

Result<bool> matches_glob(std::string_view pattern, std::string_view name) {
  const std::vector<Step> steps = TRY(parse(pattern));
  return matches(steps, name);
}

Result<std::vector<std::string>> expand_glob(FileSystem& files, const std::string& pattern) {
  std::vector<Part> parts;
  std::string_view rest = pattern;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view text = rest.substr(0, end);
    std::vector<Step> steps = TRY(parse(text));
    if (!text.empty()) parts.push_back({std::string(text), std::move(steps), has_wildcard(text)});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (parts.empty()) return std::vector<std::string>();
  Expansion expansion(files, std::move(parts));
  TRY(expansion.expand(pattern.starts_with('/') ? "/" : "", 0));
  return expansion.found();
}

}  // namespace silverback::config
