// The verb `serve`: from the command line to the end of the process.
#pragma once

#include <span>
#include <string>

namespace silverback::cmd {

// Runs the server until SIGINT or SIGTERM. Returns the process's exit code: 0 after a clean end, 2
// for a bad command line or configuration, 1 if it could not start. SIGHUP asks for a reload of the
// configuration file. Call it once, before any other thread exists: it blocks the signals for all
// threads.
int serve(std::span<const std::string> arguments);

}  // namespace silverback::cmd
