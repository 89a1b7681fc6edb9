// Runs a fuzz target where there is no libFuzzer, over kept inputs: every file named, or in a
// folder named, once as it is, then -runs=N inputs made of them at random (cut, joined, bytes
// changed). Other arguments that start with a dash are libFuzzer's and mean nothing here.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/testing/seed.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

Input read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  return {bytes.begin(), bytes.end()};
}

std::vector<Input> read_all(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {read(path)};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Input> inputs;
  for (const std::filesystem::path& file : files) inputs.push_back(read(file));
  return inputs;
}

class Mutation {
 public:
  explicit Mutation(const std::vector<Input>& inputs) : inputs_(inputs) {
    std::printf("SILVERBACK_SEED=%llu\n",
                static_cast<unsigned long long>(silverback::testing::seed()));
  }

  Input next() {
    Input input = piece();
    if (below(3) == 0) {
      const Input other = piece();
      input.insert(input.begin() + static_cast<std::ptrdiff_t>(below(input.size() + 1)),
                   other.begin(), other.end());
    }
    for (std::size_t changes = below(5); changes > 0 && !input.empty(); --changes) change(input);
    return input;
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }

  Input piece() {
    const Input& whole = inputs_[below(inputs_.size())];
    const std::size_t begin = below(2) == 0 ? 0 : below(whole.size() + 1);
    const std::size_t size = std::min(whole.size() - begin, std::size_t{1} << below(12));
    const auto first = whole.begin() + static_cast<std::ptrdiff_t>(begin);
    return {first, first + static_cast<std::ptrdiff_t>(size)};
  }

  void change(Input& input) {
    const auto at = input.begin() + static_cast<std::ptrdiff_t>(below(input.size()));
    switch (below(4)) {
      case 0:
        *at = static_cast<std::uint8_t>(below(256));
        break;
      case 1:
        *at ^= static_cast<std::uint8_t>(1U << below(8));
        break;
      case 2:
        input.erase(at);
        break;
      default:
        // A byte that is there already is more likely to mean something than any.
        input.insert(at, input[below(input.size())]);
        break;
    }
  }

  const std::vector<Input>& inputs_;
  std::mt19937_64 random_{silverback::testing::seed()};
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<Input> inputs;
  std::size_t runs = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    constexpr std::string_view kRuns = "-runs=";
    if (argument.starts_with(kRuns)) {
      std::from_chars(argument.data() + kRuns.size(), argument.data() + argument.size(), runs);
    } else if (!argument.starts_with('-')) {
      for (Input& input : read_all(argument)) inputs.push_back(std::move(input));
    }
  }
  if (inputs.empty()) return 1;
  for (const Input& input : inputs) LLVMFuzzerTestOneInput(input.data(), input.size());
  Mutation mutation(inputs);
  for (std::size_t i = 0; i < runs; ++i) {
    const Input input = mutation.next();
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%zu inputs as they are, %zu made of them\n", inputs.size(), runs);
  return 0;
}
