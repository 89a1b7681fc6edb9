#include "cmd/serve.h"

#include <algorithm>
#include <csignal>
#include <iostream>

#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/features.h"
#include "cmd/flags.h"
#include "cmd/server.h"
#include "cmd/version.h"

namespace silverback::cmd {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

int refuse(std::string_view why, int exit_code) {
  std::cerr << "silverback: error: " << why << '\n';
  return exit_code;
}

// Partitions and connections are files; the usual soft limit of 1024 is for programs that select().
void raise_open_files_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Blocked in this thread and all that it starts, so that sigwait is the one that gets them.
sigset_t block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void wait_for_the_end(const sigset_t& signals, Server& server) {
  while (true) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) {
      log_warn(signal == SIGINT ? "Received SIGINT, exiting gracefully..."
                                : "Received SIGTERM, exiting gracefully...");
      return;
    }
    static_cast<void>(server.reload());  // the log and the metric tell what is wrong
  }
}

}  // namespace

int serve(std::span<const std::string> arguments) {
  const auto asks_for = [&](std::string_view flag) {
    return std::find(arguments.begin(), arguments.end(), flag) != arguments.end();
  };
  if (asks_for("--help") || asks_for("-h")) {
    std::cout << flag_help();
    return 0;
  }
  if (asks_for("--version")) {
    std::cout << version_line() << '\n';
    return 0;
  }
  Result<Flags> flags = parse_flags(arguments);
  if (!flags) return refuse(flags.error().message, kExitUsage);
  if (!configure_log(flags->text("log.level"), flags->text("log.format"))) {
    return refuse("--log.level is debug, info, warn or error, not \"" + flags->text("log.level") +
                      "\", and --log.format logfmt or json, not \"" + flags->text("log.format") +
                      "\"",
                  kExitUsage);
  }
  const auto feature_warnings = check_features(flags->list("enable-feature"));
  if (!feature_warnings) return refuse(feature_warnings.error().message, kExitUsage);

  const sigset_t signals = block_signals();
  raise_open_files_limit();
  log_info("Starting " + version_line());
  for (const std::string& warning : flags->warnings()) log_warn(warning);
  for (const std::string& warning : *feature_warnings) log_warn(warning);

  Server server(*std::move(flags), Clock::system(), [] { kill(getpid(), SIGTERM); });
  if (const Status started = server.start(); !started) {
    if (started.error().code == ErrorCode::kInvalidArgument) {
      return refuse(started.error().message, kExitUsage);
    }
    log_error(started.error().message);
    return kExitFailed;
  }
  wait_for_the_end(signals, server);
  server.stop();
  log_info("See you next time!");
  return 0;
}

}  // namespace silverback::cmd
