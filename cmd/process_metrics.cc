#include "cmd/process_metrics.h"

#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <sys/resource.h>
#include <unistd.h>

namespace silverback::cmd {
namespace {

// Fields of /proc/self/stat, counted from 1 as proc(5) does.
constexpr int kStartTimeField = 22;
constexpr int kVirtualBytesField = 23;
constexpr int kResidentPagesField = 24;

double stat_field(int field) {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  // The second field is the program's name in parentheses and may hold anything.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::string_view rest = std::string_view(text).substr(name_end + 1);
  for (int at = 2; at < field; ++at) {
    rest.remove_prefix(std::min(rest.size(), rest.find(' ') + 1));
    if (rest.empty()) return 0;
  }
  double value = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return value;
}

double cpu_seconds() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double open_files() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end;
       !error && entry != end; entry.increment(error)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // one of them is the listing itself
}

double open_files_max() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

double start_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  double boot_time = 0;
  while (file >> word) {
    if (word == "btime" && file >> boot_time) break;
  }
  return boot_time +
         stat_field(kStartTimeField) / static_cast<double>(std::max(sysconf(_SC_CLK_TCK), 1L));
}

double resident_bytes() {
  return stat_field(kResidentPagesField) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void register_process_metrics(Registry& metrics) {
  metrics.callback("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
                   MetricType::kCounter, cpu_seconds);
  metrics.callback("process_open_fds", "Number of open file descriptors.", MetricType::kGauge,
                   open_files);
  metrics.callback("process_max_fds", "Maximum number of open file descriptors.",
                   MetricType::kGauge, open_files_max);
  metrics.callback("process_resident_memory_bytes", "Resident memory size in bytes.",
                   MetricType::kGauge, resident_bytes);
  metrics.callback("process_virtual_memory_bytes", "Virtual memory size in bytes.",
                   MetricType::kGauge, [] { return stat_field(kVirtualBytesField); });
  metrics.callback("process_start_time_seconds",
                   "Start time of the process since unix epoch in seconds.", MetricType::kGauge,
                   start_time);
}

}  // namespace silverback::cmd
