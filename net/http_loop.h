// The event loop under HttpClient: epoll tells curl which sockets are ready, curl says which it
// waits for. One multi handle moves everything. Only for net's own .cc files.
// Threads: post(), stop() and send-side helpers from any thread; everything else on the event
// thread, which is whoever called run().
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <curl/curl.h>

#include "base/executor.h"
#include "base/mutex.h"
#include "net/curl_transfer.h"
#include "net/http_client.h"

namespace silverback::net {

class HttpLoop;
using SteadyTime = std::chrono::steady_clock::time_point;

// The connections of one session: as curl has it, what its transfers share.
struct ConnectionPool {
  ConnectionPool();
  ~ConnectionPool();  // on the event thread, or on any after it ended; no transfer uses it
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  CURLSH* share;  // null: out of memory
};

struct Transfer : std::enable_shared_from_this<Transfer> {
  Transfer(HttpRequest request, std::shared_ptr<const HttpOptions> options, HttpCallback on_done);

  CurlTransfer curl;
  HttpCallback callback;
  SteadyTime deadline;
  std::shared_ptr<ConnectionPool> pool;  // until it is over
  Status refusal;                        // why it cannot even begin
  bool waits_for_token = false;

  enum class State : std::uint8_t { kNew, kWaiting, kRunning, kOver };
  State state = State::kNew;
  std::multimap<SteadyTime, std::shared_ptr<Transfer>>::iterator place;  // unless new or over
  Result<HttpResponse> outcome;                                          // once over

  // Unpacks the body and calls back. On the executor, if there is one.
  void deliver();
};

class HttpLoop : public std::enable_shared_from_this<HttpLoop> {
 public:
  HttpLoop(Executor* executor, std::string user_agent);
  ~HttpLoop();
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  void run() EXCLUDES(mutex_);
  void stop() EXCLUDES(mutex_);
  // Ends the loop without a thread, if run() never did. Later posts are refused.
  void close() EXCLUDES(mutex_);
  // Runs `command` on the event thread, in order. False if that has ended: then it never runs.
  bool post(std::function<void()> command) EXCLUDES(mutex_);
  // Calls back with the error, for a transfer that no event thread knows.
  void refuse(const std::shared_ptr<Transfer>& transfer, Error error);

  const std::string& user_agent() const { return user_agent_; }

  void begin(const std::shared_ptr<Transfer>& transfer);
  // The first hop, or the next.
  void start(const std::shared_ptr<Transfer>& transfer);
  void end_early(const std::shared_ptr<Transfer>& transfer, Error error);

 private:
  static int on_socket(CURL* handle, curl_socket_t socket, int what, void* loop, void* known);
  static int on_timer(CURLM* multi, long timeout_ms, void* loop);
  bool run_commands() EXCLUDES(mutex_);
  int timeout_ms() const;
  void socket_ready(int socket, unsigned events);
  void expire();
  void collect();
  void hop_done(const std::shared_ptr<Transfer>& transfer, CURLcode code);
  void complete(const std::shared_ptr<Transfer>& transfer, Result<HttpResponse> outcome);
  void hand_over(const std::shared_ptr<Transfer>& transfer);

  Executor* const executor_;
  const std::string user_agent_;
  const int epoll_;
  const int wake_;  // an eventfd

  CURLM* const multi_;

  // The event thread's.
  SteadyTime wake_at_ = SteadyTime::max();  // when curl wants to be called, whatever the sockets do
  std::multimap<SteadyTime, std::shared_ptr<Transfer>> in_flight_;  // by deadline
  bool is_closing_ = false;

  Mutex mutex_;  // never held while calling out
  std::vector<std::function<void()>> commands_ GUARDED_BY(mutex_);
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  bool has_ended_ GUARDED_BY(mutex_) = false;
};

}  // namespace silverback::net
