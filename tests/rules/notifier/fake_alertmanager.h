// A server that takes alerts as an Alertmanager does, remembers them, and can be told to keep a
// request waiting.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "tests/testing/http_test_server.h"

namespace silverback::notifier {

class FakeAlertmanager {
 public:
  FakeAlertmanager();
  ~FakeAlertmanager();  // nobody waits any more
  FakeAlertmanager(const FakeAlertmanager&) = delete;
  FakeAlertmanager& operator=(const FakeAlertmanager&) = delete;

  // `127.0.0.1:1234`
  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  std::string url() const { return server_.url("/api/v2/alerts"); }

  int connections() const { return server_.connections(); }

  void answer_with(int status, std::string body = "") EXCLUDES(mutex_);
  void hold() EXCLUDES(mutex_);     // answers no request
  void release() EXCLUDES(mutex_);  // until now

  std::vector<testing::ReceivedRequest> requests() const EXCLUDES(mutex_);
  // The label `alertname` of all alerts received, a request after the other: `A B|C`.
  std::string received() const;
  // Waits until that was received, or some seconds; returns what was.
  std::string wait_for(const std::string& wanted) const;

 private:
  bool handle(testing::ServerConnection& connection, const testing::ReceivedRequest& request)
      EXCLUDES(mutex_);

  mutable Mutex mutex_;
  CondVar released_;
  bool is_held_ GUARDED_BY(mutex_) = false;
  int status_ GUARDED_BY(mutex_) = 200;
  std::string body_ GUARDED_BY(mutex_);
  std::vector<testing::ReceivedRequest> requests_ GUARDED_BY(mutex_);
  testing::HttpTestServer server_;
};

}  // namespace silverback::notifier
