// Runs a verb in this process, over files in a folder of its own, and keeps what it printed.
#pragma once

#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "cmd/console.h"

namespace silverback::cmd::testing {

struct VerbRun {
  int exit_code = -1;
  std::string out, err;
};

class VerbTest : public ::testing::Test {
 protected:
  using Verb = int (*)(std::span<const std::string> arguments, Console& console);

  // The files' names are relative to the folder, which is where the verb runs.
  VerbTest() {
    std::filesystem::create_directories(folder_);
    std::filesystem::current_path(folder_);
  }
  ~VerbTest() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }
  VerbTest(const VerbTest&) = delete;
  VerbTest& operator=(const VerbTest&) = delete;

  static void write(const std::string& name, std::string_view text) {
    const std::filesystem::path path(name);
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  static VerbRun run(Verb verb, const std::vector<std::string>& arguments,
                     const std::string& input = "") {
    std::istringstream in(input);
    std::ostringstream out, err;
    Console console{in, out, err};
    const int exit_code = verb(arguments, console);
    return {exit_code, out.str(), err.str()};
  }

  const std::filesystem::path before_ = std::filesystem::current_path();
  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / ("verb_test-" + std::to_string(getpid()));
};

}  // namespace silverback::cmd::testing
