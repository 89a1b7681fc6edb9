// The rules of this source tree, as tests: the tree is read as text, so a rule costs no more than a
// few lines here. A rule exists where a compiler cannot say it; its message says what to do
// instead.
#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

// ---- What the tree may keep
// -----------------------------------------------------------------------

struct BannedCall {
  std::string_view name;     // as a whole word
  std::string_view instead;  // what to use
  std::string_view allowed;  // path prefixes that may, separated by spaces
};
// clang-format off
constexpr BannedCall kBannedCalls[] = {
    {"std::regex", "base/regex.h: bounded in time and memory", ""},
    {"std::stoi", "base/number_text.h or std::from_chars: no locale, no exception", "tests/"},
    {"std::stol", "base/number_text.h or std::from_chars", "tests/"},
    {"std::stoll", "base/number_text.h or std::from_chars", "tests/"},
    {"std::stoul", "base/number_text.h or std::from_chars", "tests/"},
    {"std::stoull", "base/number_text.h or std::from_chars", "tests/"},
    {"std::stod", "base/number_text.h or std::from_chars", "tests/"},
    {"atoi", "base/number_text.h or std::from_chars", "tests/"},
    {"atol", "base/number_text.h or std::from_chars", ""},
    {"atof", "base/number_text.h or std::from_chars", ""},
    {"sscanf", "std::from_chars", ""},
    {"std::rand", "a seeded std::mt19937_64 whose seed is printed", ""},
    {"srand", "a seeded std::mt19937_64 whose seed is printed", ""},
    {"std::format", "fmt::format: g++ 12 has no <format>", ""},
    {"std::views", "a loop: clang 14 cannot compile libstdc++'s views", ""},
    {"std::source_location", "a parameter: clang 14 has none", ""},
    {"printf", "base/log.h, or give the text back", "cmd/ tests/ bench/"},
    {"std::cout", "base/log.h, or give the text back", "cmd/ tests/ bench/"},
    {"std::cerr", "base/log.h", "cmd/ tests/ bench/"},
    {"std::endl", "'\\n': endl flushes", ""},
    {"strerror", "std::generic_category().message(): strerror is not safe with threads", ""},
    {"sleep_for", "a condition and a deadline; nothing in the libraries waits by the clock", "cmd/ tests/ bench/"},
    {"usleep", "a condition and a deadline", "cmd/ tests/ bench/"},
    {"std::thread", "base/thread_pool.h, or an Executor handed in: only cmd owns threads",
     "base/thread_pool. cmd/ api/ tests/ bench/"},
    {"system_clock::now", "base/clock.h, so that tests own the time", "base/clock.cc api/http_server.cc tests/ bench/"},
    {"std::mutex", "base/mutex.h, which clang's analysis understands", "base/ tests/ bench/"},
    {"std::lock_guard", "base/mutex.h's MutexLock", "base/ tests/ bench/"},
    {"throw", "base/result.h: no exceptions of our own", "tests/ bench/"},
    {"dynamic_cast", "a virtual function, or a tag", "tests/"},
    {"const_cast", "a signature that says what it does", "tsdb/head/head_index.cc net/curl_transfer.cc tests/"},
};

// Product functions longer than kFunctionLinesMax, with the length they may not outgrow. A long function
// should be flat: a table, a switch, a list of steps.
struct LongFunction { std::string_view file, name; int lines_max; };
constexpr int kFunctionLinesMax = 80;
constexpr std::array<LongFunction, 0> kLongFunctions = {};

// Product files longer than kFileLinesMax and why.
struct LongFile { std::string_view file, reason; };
constexpr int kFileLinesMax = 800;
constexpr std::array<LongFile, 0> kLongFiles = {};

// Names that say nothing about what is inside.
constexpr std::string_view kEmptyNames[] = {"util", "utils", "common", "helper", "helpers", "misc", "stuff", "impl2"};

// Left-over notes, and paths of one machine. Split so that this file does not find itself.
constexpr std::string_view kUnwantedText[] = {"FIX" "ME", "TO" "DO", "XX" "X:", "HACK" ":", "/ho" "me/", "/ro" "ot/", "/wo" "rk/"};
// clang-format on

// ---- Reading the tree
// -----------------------------------------------------------------------------

struct SourceFile {
  std::string path;  // from the root of the tree, with '/'
  std::string text;
  std::string code;  // text with comments and literals blanked out, of the same length
};

bool starts_with_any(std::string_view text, std::string_view prefixes) {
  std::istringstream list{std::string(prefixes)};
  for (std::string prefix; list >> prefix;) {
    if (text.starts_with(prefix)) return true;
  }
  return false;
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Where the comment or literal that starts at `at` ends; `at` if none starts there.
std::size_t end_of_blank(std::string_view text, std::size_t at) {
  const auto after = [&](std::string_view end, std::size_t from) {
    const std::size_t found = text.find(end, from);
    return found == text.npos ? text.size() : found + end.size();
  };
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("//")) return std::min(text.find('\n', at), text.size());
  if (rest.starts_with("/*")) return after("*/", at + 2);
  if (rest.starts_with("R\"") && (at == 0 || !is_word(text[at - 1]))) {
    const std::size_t open = text.find('(', at);
    return after(")" + std::string(text.substr(at + 2, open - at - 2)) + "\"", open);
  }
  const char quote = text[at];
  if (quote != '"' && quote != '\'') return at;
  if (quote == '\'' && at > 0 && is_word(text[at - 1])) return at;  // 1'000
  std::size_t i = at + 1;
  while (i < text.size() && text[i] != quote && text[i] != '\n') i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, text.size());
}

std::string blank_comments_and_literals(std::string_view text) {
  std::string code(text);
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = end_of_blank(text, i);
    if (end == i) {
      ++i;
      continue;
    }
    for (; i < end; ++i) {
      if (code[i] != '\n') code[i] = ' ';
    }
  }
  return code;
}

// Every file of the tree that people write.
const std::vector<std::string>& tree() {
  static const std::vector<std::string> paths = [] {
    const std::set<std::string> outside = {"build", "data", ".git", "__pycache__", ".cache"};
    std::vector<std::string> found;
    for (auto it = fs::recursive_directory_iterator(SOURCE_DIR);
         it != fs::recursive_directory_iterator(); ++it) {
      if (outside.contains(it->path().filename().string())) {
        it.disable_recursion_pending();
      } else if (it->is_regular_file()) {
        found.push_back(fs::relative(it->path(), SOURCE_DIR).generic_string());
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }();
  return paths;
}

const std::vector<SourceFile>& sources() {
  static const std::vector<SourceFile> files = [] {
    std::vector<SourceFile> read_files;
    for (const std::string& path : tree()) {
      if (!path.ends_with(".h") && !path.ends_with(".cc")) continue;
      std::string text = read(fs::path(SOURCE_DIR) / path);
      std::string code = blank_comments_and_literals(text);
      read_files.push_back({path, std::move(text), std::move(code)});
    }
    return read_files;
  }();
  return files;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string folder_of(std::string_view path) { return std::string(path.substr(0, path.find('/'))); }

// What `#include "…"` lines name, in order.
std::vector<std::string> own_includes(const SourceFile& file) {
  std::vector<std::string> names;
  constexpr std::string_view kStart = "#include \"";
  for (const std::string& line : lines_of(file.text)) {
    if (line.starts_with(kStart))
      names.push_back(line.substr(kStart.size(), line.rfind('"') - kStart.size()));
  }
  return names;
}

// ---- The dependency table
// -------------------------------------------------------------------------

// The add_module lines of the root CMakeLists.txt: module -> the modules it may include.
std::map<std::string, std::set<std::string>> dependency_table() {
  std::map<std::string, std::set<std::string>> table;
  constexpr std::string_view kStart = "add_module(";
  for (const std::string& line : lines_of(read(fs::path(SOURCE_DIR) / "CMakeLists.txt"))) {
    if (!line.starts_with(kStart)) continue;
    std::istringstream words(line.substr(kStart.size(), line.find(')') - kStart.size()));
    std::string name, word;
    words >> name;
    std::set<std::string> deps;
    for (bool in_deps = false; words >> word;) {
      if (word == "DEPS" || word == "EXTERNAL") {
        in_deps = word == "DEPS";
      } else if (in_deps) {
        EXPECT_TRUE(table.contains(word))
            << name << " depends on " << word << ", which no line above declares";
        deps.insert(word);
      }
    }
    table[name] = deps;
  }
  return table;
}

TEST(Includes, FollowTheDependencyTable) {
  const auto table = dependency_table();
  ASSERT_GE(table.size(), 6u);
  for (const SourceFile& file : sources()) {
    const auto module = table.find(folder_of(file.path));
    for (const std::string& include : own_includes(file)) {
      EXPECT_TRUE(fs::exists(fs::path(SOURCE_DIR) / include))
          << file.path << " includes \"" << include
          << "\": own headers are named from the root of the tree";
      if (module == table.end()) continue;
      const std::string to = folder_of(include);
      EXPECT_TRUE(to == module->first || module->second.contains(to))
          << file.path << " includes \"" << include << "\", but CMakeLists.txt does not list " << to
          << " in the DEPS of " << module->first;
    }
  }
}

TEST(Includes, StartWithTheFilesOwnHeader) {
  for (const SourceFile& file : sources()) {
    const std::string header = fs::path(file.path).replace_extension(".h").generic_string();
    if (!file.path.ends_with(".cc") || !fs::exists(fs::path(SOURCE_DIR) / header)) continue;
    const auto includes = own_includes(file);
    ASSERT_FALSE(includes.empty()) << file.path;
    const std::size_t first = file.text.find("#include ");
    EXPECT_TRUE(includes.front() == header && file.text[first + 9] == '"')
        << file.path << ": include \"" << header << "\" first, which proves that it compiles alone";
  }
}

TEST(Folders, AreModulesOfTheTableOrKnown) {
  const std::set<std::string> known = {"bench",    "cmake",   "docker", "docs",
                                       "examples", "scripts", "tests",  ".ci"};
  const auto table = dependency_table();
  for (const std::string& path : tree()) {
    if (path.find('/') == std::string::npos) continue;
    EXPECT_TRUE(known.contains(folder_of(path)) || table.contains(folder_of(path)))
        << path << ": a new folder needs its line in CMakeLists.txt";
  }
}

// ---- Files
// ----------------------------------------------------------------------------------------

TEST(Files, AreBuiltBySomeTarget) {
  const std::string commands = read(fs::path(BUILD_DIR) / "compile_commands.json");
  ASSERT_FALSE(commands.empty());
  const bool with_bench = commands.find(SOURCE_DIR "/bench/") != std::string::npos;
  for (const SourceFile& file : sources()) {
    if (!file.path.ends_with(".cc") || (!with_bench && file.path.starts_with("bench/"))) continue;
    if (file.path == "tests/fuzz/replay_main.cc")
      continue;  // libFuzzer takes its place in the fuzz preset
    EXPECT_NE(commands.find(SOURCE_DIR "/" + file.path + "\""), std::string::npos)
        << file.path << " is in no target: tests are named x_test.cc, benchmarks x_bench.cc";
  }
}

TEST(Files, OfHeadersAreIncludedSomewhere) {
  std::set<std::string> included;
  for (const SourceFile& file : sources()) {
    for (std::string& include : own_includes(file)) {
      if (fs::path(include).replace_extension() != fs::path(file.path).replace_extension()) {
        included.insert(std::move(include));
      }
    }
  }
  for (const SourceFile& file : sources()) {
    if (!file.path.ends_with(".h")) continue;
    EXPECT_TRUE(included.contains(file.path)) << file.path << " is used by nothing";
  }
}

TEST(Files, OfHeadersAreManuals) {
  for (const SourceFile& file : sources()) {
    if (!file.path.ends_with(".h")) continue;
    EXPECT_TRUE(file.text.starts_with("//")) << file.path << ": say first what it is for";
    EXPECT_NE(file.text.find("\n#pragma once\n"), std::string::npos) << file.path;
  }
}

TEST(Files, HaveNamesThatSaySomething) {
  for (const std::string& path : tree()) {
    for (const fs::path& part : fs::path(path)) {
      for (const std::string_view name : kEmptyNames) {
        EXPECT_NE(part.stem().string(), name) << path << ": name the concept";
      }
    }
  }
}

TEST(Files, StayReadablyShort) {
  std::set<std::string_view> excused;
  for (const LongFile& file : kLongFiles) excused.insert(file.file);
  for (const SourceFile& file : sources()) {
    const bool is_long = std::count(file.text.begin(), file.text.end(), '\n') > kFileLinesMax;
    if (is_long) {
      EXPECT_TRUE(excused.contains(file.path))
          << file.path << " outgrew " << kFileLinesMax << " lines";
    } else {
      EXPECT_FALSE(excused.contains(file.path))
          << file.path << " is short enough: remove its excuse";
    }
  }
}

TEST(Files, HoldNoLeftOverNotesAndNoPathsOfOneMachine) {
  for (const std::string& path : tree()) {
    const std::string text = read(fs::path(SOURCE_DIR) / path);
    for (const std::string_view unwanted : kUnwantedText) {
      EXPECT_EQ(text.find(unwanted), std::string::npos) << path << " says " << unwanted;
    }
  }
}

// ---- Calls and functions
// --------------------------------------------------------------------------

bool contains_word(std::string_view code, std::string_view word) {
  for (std::size_t at = code.find(word); at != code.npos; at = code.find(word, at + 1)) {
    const char before = at > 0 ? code[at - 1] : ' ';
    const std::size_t end = at + word.size();
    if (!is_word(before) && (end == code.size() || !is_word(code[end]))) return true;
  }
  return false;
}

TEST(Calls, AvoidWhatHasABetterReplacement) {
  for (const SourceFile& file : sources()) {
    for (const BannedCall& banned : kBannedCalls) {
      if (starts_with_any(file.path, banned.allowed) || !contains_word(file.code, banned.name))
        continue;
      const auto lines = lines_of(file.code);
      for (std::size_t i = 0; i < lines.size(); ++i) {
        if (contains_word(lines[i], banned.name)) {
          ADD_FAILURE() << file.path << ':' << i + 1 << " uses " << banned.name << "; use "
                        << banned.instead;
        }
      }
    }
  }
}

struct Function {
  std::string name;
  int lines;
};

// The head of a block, from the end of what came before it, without attributes of templates.
std::string_view without_template(std::string_view head) {
  const std::size_t start = head.find_first_not_of(" \n");
  if (start == head.npos || !head.substr(start).starts_with("template")) return head;
  int depth = 0;
  for (std::size_t i = start; i < head.size(); ++i) {
    if (head[i] == '<') ++depth;
    if (head[i] == '>' && --depth == 0) return without_template(head.substr(i + 1));
  }
  return head;
}

// The name before the first parenthesis of a block's head, if the block is a function's body.
std::string function_name(std::string_view head) {
  head = without_template(head);
  const std::size_t open = head.find('(');
  if (open == head.npos) return "";
  const std::string_view before = head.substr(0, open);
  const std::size_t named_by_sign = before.find("operator");
  if (named_by_sign != before.npos) return std::string(before.substr(named_by_sign));
  if (before.find('=') != before.npos) return "";
  std::size_t end = before.find_last_not_of(" \n");
  if (end == before.npos) return "";
  std::size_t begin = ++end;
  while (begin > 0 &&
         (is_word(before[begin - 1]) || before[begin - 1] == ':' || before[begin - 1] == '~'))
    --begin;
  return std::string(before.substr(begin, end - begin));
}

// The functions defined in blanked code, by following braces: a block inside a namespace or class
// whose head has a parameter list is one, and what is inside it is its business.
std::vector<Function> functions_of(std::string_view code) {
  std::vector<Function> functions;
  std::size_t head_start = 0;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (code[i] == '#' && (i == 0 || code[i - 1] == '\n')) {
      while (i < code.size() && !(code[i] == '\n' && code[i - 1] != '\\')) ++i;
      head_start = i;
    }
    if (i < code.size() && (code[i] == ';' || code[i] == '}')) head_start = i + 1;
    if (i >= code.size() || code[i] != '{') continue;
    const std::string_view head = code.substr(head_start, i - head_start);
    const bool in_parameters =
        std::count(head.begin(), head.end(), '(') > std::count(head.begin(), head.end(), ')');
    const std::string name = in_parameters ? "" : function_name(head);
    const bool is_scope = contains_word(head, "namespace") || contains_word(head, "class") ||
                          contains_word(head, "struct") || contains_word(head, "extern");
    if (name.empty() && is_scope && !in_parameters) {
      head_start = i + 1;
      continue;
    }
    const std::size_t begin = code.find_first_not_of(" \n", head_start);
    int depth = 0;
    for (; i < code.size(); ++i) {
      if (code[i] == '{') ++depth;
      if (code[i] == '}' && --depth == 0) break;
    }
    if (!name.empty()) {
      const std::string_view all = code.substr(begin, i - begin);
      functions.push_back({name, static_cast<int>(std::count(all.begin(), all.end(), '\n')) + 1});
    }
    if (!in_parameters) head_start = i + 1;
  }
  return functions;
}

TEST(Functions, AreFoundByTheirBraces) {
  const std::string code = blank_comments_and_literals(R"(
namespace a {
class B : public C {
  int one() const { return 1; }  // }
  std::vector<int> table_ = {1, 2};
};
constexpr Entry kTable[] = {{"(", f(1)}};
template <class T = int>
Result<T> B::two(T t = {}) {
  if (t) {
    return '{';
  }
}
#define MACRO(x) { x }
bool operator==(B, B) {
  return true;
}
}  // namespace a
)");
  std::vector<std::string> found;
  for (const Function& function : functions_of(code))
    found.push_back(function.name + ' ' + std::to_string(function.lines));
  EXPECT_THAT(found, testing::ElementsAre("one 1", "B::two 6", "operator== 3"));
}

TEST(Functions, DoNotGrowLong) {
  const auto table = dependency_table();
  std::set<std::string_view> excuses_used;
  for (const SourceFile& file : sources()) {
    if (!table.contains(folder_of(file.path))) continue;
    for (const Function& function : functions_of(file.code)) {
      if (function.lines <= kFunctionLinesMax) continue;
      const auto excuse = std::find_if(
          kLongFunctions.begin(), kLongFunctions.end(), [&](const LongFunction& known) {
            return known.file == file.path && known.name == function.name;
          });
      const int lines_max = excuse == kLongFunctions.end() ? kFunctionLinesMax : excuse->lines_max;
      EXPECT_LE(function.lines, lines_max) << file.path << ": " << function.name << " grew";
      if (excuse != kLongFunctions.end()) excuses_used.insert(excuse->name);
    }
  }
  for (const LongFunction& known : kLongFunctions) {
    EXPECT_TRUE(excuses_used.contains(known.name))
        << known.name << " is short now: remove its excuse";
  }
}

// ---- Documents
// ------------------------------------------------------------------------------------

// `folder/…` words between backquotes or in link parentheses of a Markdown text.
std::vector<std::string> paths_named(std::string_view markdown) {
  std::vector<std::string> named;
  for (const std::string_view pair : {"``", "()"}) {
    for (std::size_t open = markdown.find(pair[0]); open != markdown.npos;
         open = markdown.find(pair[0], open + 1)) {
      const std::size_t close = markdown.find_first_of(pair == "``" ? "`\n" : ")\n", open + 1);
      if (close == markdown.npos) break;
      named.emplace_back(
          markdown.substr(open + 1, markdown.find_first_of(" #`)\n", open + 1) - open - 1));
      if (pair == "``" && markdown[close] == '`') open = close;
    }
  }
  return named;
}

TEST(Documents, NameOnlyFilesThatExist) {
  const std::set<std::string> built = {"build", "data"};
  for (const std::string& path : tree()) {
    if (!path.ends_with(".md")) continue;
    for (const std::string& named : paths_named(read(fs::path(SOURCE_DIR) / path))) {
      const std::string folder = folder_of(named);
      if (named.find('/') == std::string::npos || folder.empty() || built.contains(folder))
        continue;
      if (!fs::is_directory(fs::path(SOURCE_DIR) / folder)) continue;  // a URL, an endpoint
      if (named.find_first_of("*<{…") != std::string::npos) continue;  // a pattern
      EXPECT_TRUE(fs::exists(fs::path(SOURCE_DIR) / named)) << path << " names " << named;
    }
  }
}

}  // namespace
