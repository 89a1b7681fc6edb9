// What discovery finds for a job, asked once: each target's labels before relabelling and after it.
//
//   [
//     {
//       "discoveredLabels": {
//         "__address__": "host:9100",
//         …
//       },
//       "labels": {
//         …
//       }
//     }
//   ]
//
// Source: https://prometheus.io/docs/prometheus/latest/command-line/promtool/#promtool-check
// Prometheus compatibility: promtool always waits until the timeout, and of an `error` it prints
// `{}`; here the answers end the wait, and the error is its text.
#pragma once

#include <string>

#include "base/file.h"
#include "base/result.h"
#include "base/time.h"
#include "cmd/console.h"

namespace silverback::cmd {

// Prints that JSON. A target that relabelling drops has no labels; one that a group lists twice is
// shown once. A server that does not answer within `timeout`, or a file that cannot be read, is
// logged and brings no targets. Errors: those of the configuration; kNotFound with the names of all
// jobs; kInvalidArgument for a discovery that is not built, and rules that make no sense.
Status check_service_discovery(FileSystem& files, const std::string& path, const std::string& job,
                               DurationMs timeout, Console& console);

}  // namespace silverback::cmd
