#include "tests/rules/notifier/fake_alertmanager.h"

#include <thread>

#include <boost/json.hpp>

namespace silverback::notifier {

using std::chrono::steady_clock;

FakeAlertmanager::FakeAlertmanager()
    : server_(
          [this](testing::ServerConnection& connection, const testing::ReceivedRequest& request) {
            return handle(connection, request);
          }) {}

FakeAlertmanager::~FakeAlertmanager() { release(); }

bool FakeAlertmanager::handle(testing::ServerConnection& connection,
                              const testing::ReceivedRequest& request) {
  int status = 0;
  std::string body;
  {
    MutexLock lock(mutex_);
    requests_.push_back(request);
    while (is_held_) released_.wait(mutex_);
    status = status_;
    body = body_;
  }
  connection.answer(status, body);
  return true;
}

void FakeAlertmanager::answer_with(int status, std::string body) {
  MutexLock lock(mutex_);
  status_ = status;
  body_ = std::move(body);
}

void FakeAlertmanager::hold() {
  MutexLock lock(mutex_);
  is_held_ = true;
}

void FakeAlertmanager::release() {
  MutexLock lock(mutex_);
  is_held_ = false;
  released_.notify_all();
}

std::vector<testing::ReceivedRequest> FakeAlertmanager::requests() const {
  MutexLock lock(mutex_);
  return requests_;
}

std::string FakeAlertmanager::received() const {
  std::string names;
  for (const testing::ReceivedRequest& request : requests()) {
    std::string of_request;
    const boost::json::value alerts = boost::json::parse(request.body);
    for (const boost::json::value& alert : alerts.as_array()) {
      if (!of_request.empty()) of_request += ' ';
      of_request += alert.at("labels").at("alertname").as_string().c_str();
    }
    if (!names.empty()) names += '|';
    names += of_request;
  }
  return names;
}

std::string FakeAlertmanager::wait_for(const std::string& wanted) const {
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  while (received() != wanted && steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return received();
}

}  // namespace silverback::notifier
