// The whole server: store, engine, receiver, HTTP, and the threads they run on. This is the one
// place that starts threads.
//
//   io-N      move bytes (as many as call api::Server::run)
//   query-N   one per running query; a slow query holds one, so there are --query.max-concurrency
//   eval-N    lend a hand to the query threads
//   work-N    remote write and other short requests; they wait for the log together
//   store-N   sealing and syncing
//   maintain, self-scrape, auto-reload   loops
// and those of alerting (cmd/alerting.h) and scraping (cmd/scraping.h).
//
// Starts in the order configuration → listen → open the store → serve, and answers 503 in between:
// a balancer sees a server that comes up, not one that is gone. Stops in the reverse order.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cmd/flags.h"

namespace silverback::cmd {

class Server {
 public:
  // `quit` is called, from any thread, when a client asks for the end (POST /-/quit). `clock` must
  // outlive this.
  Server(Flags flags, const Clock& clock, std::function<void()> quit);
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Returns when it serves. Errors: what is wrong with a flag or the configuration
  // (kInvalidArgument), the address or the data; then nothing runs any more.
  Status start();
  // Reads the configuration file again, as POST /-/reload does (cmd/configuration.h). Requires
  // start().
  Status reload();
  // Where it listens, `127.0.0.1:9090`. Requires start().
  std::vector<std::string> addresses() const;
  // Answers what has begun, closes the store. After 10 s connections are closed and their queries
  // canceled; what cannot be canceled (admin/tsdb/compact) is waited for, however long it takes.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace silverback::cmd
