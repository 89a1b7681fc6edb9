// The HTTP API: Prometheus's endpoints over our storage and engine.
//
//   api::Server server(options, {.clock = &clock, .metrics = &registry, .queries = &query_pool,
//                                .work = &work_pool});
//   TRY(server.listen());
//   … threads of the caller: server.run();          // answers /-/healthy, everything else is 503
//   server.set_storage({.samples = db.get(), .db = db.get(), …});                // now it is ready
//   … server.stop(10'000); join the threads; destroy the server; then the storage.
//
// Threads: starts none. run() may be called from several threads; the rest from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/labels.h"
#include "base/metrics.h"
#include "base/queryable.h"
#include "base/result.h"

namespace silverback::tsdb {
class Db;
}
namespace silverback::promql {
class Engine;
}
namespace silverback::ingest {
class RemoteWriteReceiver;
}
namespace silverback::rules {
class Manager;
}
namespace silverback::notifier {
class Notifier;
}
namespace silverback::scrape {
class Manager;
}

namespace silverback::api {

struct ServerOptions {
  std::vector<std::string> listen_addresses = {"0.0.0.0:9090"};  // --web.listen-address
  std::string external_url;              // --web.external-url, `http://host:9090/prom`, or ""
  std::string external_path;             // its path, `/prom`: links begin with it
  std::string route_prefix;              // --web.route-prefix, `/prom`: every path begins with it
  std::size_t connections_max = 512;     // --web.max-connections
  DurationMs read_timeout = 5 * 60'000;  // --web.read-timeout
  std::uint64_t inflight_bytes_max = 256ULL << 20;  // --web.max-inflight-bytes
  std::string cors_origin = ".*";                   // --web.cors.origin: an anchored regex
  bool enable_lifecycle = false;                    // --web.enable-lifecycle
  bool enable_admin_api = false;                    // --web.enable-admin-api
  bool enable_remote_write = true;                  // --web.enable-remote-write-receiver
  std::size_t queries_max = 20;                     // --query.max-concurrency

  // What the status endpoints show.
  std::string version;   // of Silverback
  std::string revision;  // of its source, "" if not known
  std::string build_date;
  std::string host_name;
  std::vector<std::pair<std::string, std::string>> flags;  // name without dashes → value
};

// The configuration as it is now.
struct ConfigStatus {
  std::string yaml;               // "": runs without a configuration file
  std::string storage_retention;  // e.g. `15d`; "": for ever
  bool reload_success = true;     // of the last attempt
  TimestampMs loaded = 0;         // the last success
  Labels external_labels = {};    // which /federate adds
};

// Borrowed; all of it outlives the Server.
struct ServerDependencies {
  const Clock* clock = nullptr;
  Registry* metrics = nullptr;
  Executor* queries = nullptr;  // runs queries; a long one holds a thread for as long as it takes
  Executor* work = nullptr;     // runs writes and other short work; not the same threads as queries
  std::function<ConfigStatus()> config_status;  // for the status endpoints and /federate
  std::function<Status()> reload;               // POST /-/reload
  std::function<void()> quit;                   // POST /-/quit; may be empty
};

// Borrowed; outlives the Server.
struct ServerStorage {
  const Queryable* samples = nullptr;
  const promql::Engine* engine = nullptr;
  tsdb::Db* db = nullptr;                               // status/tsdb, metadata, admin
  ingest::RemoteWriteReceiver* remote_write = nullptr;  // null: write answers 404
  const rules::Manager* rules = nullptr;                // null: there are none
  const notifier::Notifier* notifier = nullptr;         // null: nobody is told
  const scrape::Manager* scrape = nullptr;              // null: nothing is scraped
};

class Server {
 public:
  Server(ServerOptions options, ServerDependencies dependencies);
  ~Server();  // requires that run() returned everywhere and that no executor runs a request of it
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Errors: kInvalidArgument (an option that makes no sense: address, CORS regex, URL), kIo.
  Status listen();
  // `127.0.0.1:9090`, with real ports. Requires listen().
  std::vector<std::string> addresses() const;
  void run();

  // From now on /-/ready answers 200. Call it once.
  void set_storage(const ServerStorage& storage);

  // Not ready any more; in-flight requests get `grace` to finish. Returns at once; run() returns
  // when it is done.
  void stop(DurationMs grace);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The registry in the text format 0.0.4: what /metrics answers.
std::string metrics_text(const Registry& registry);

}  // namespace silverback::api
