#include "net/http_loop.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/content_decoding.h"

namespace silverback::net {
namespace {

constexpr int kNoContent = 204;  // a status whose answers have no body to unpack

constexpr long kIdleConnectionsMax = 20'000;  // of one session, as Prometheus

CURLM* make_multi() {
  // curl wants it once, before any other thread uses curl.
  [[maybe_unused]] static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  assert(code == CURLE_OK);
  return curl_multi_init();
}

template <class Value>
void set(CURLM* multi, CURLMoption option, Value value) {
  [[maybe_unused]] const CURLMcode code = curl_multi_setopt(multi, option, value);
  assert(code == CURLM_OK);
}

Error canceled() { return {ErrorCode::kCanceled, "context canceled"}; }

}  // namespace

// ---- What the loop serves

ConnectionPool::ConnectionPool() : share(curl_share_init()) {
  if (share == nullptr ||
      curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT) == CURLSHE_OK)
    return;
  // Transfers would use connections of other sessions instead.
  curl_share_cleanup(share);
  share = nullptr;
}

ConnectionPool::~ConnectionPool() {
  if (share == nullptr) return;
  [[maybe_unused]] const CURLSHcode code = curl_share_cleanup(share);
  assert(code == CURLSHE_OK);
}

Transfer::Transfer(HttpRequest request, std::shared_ptr<const HttpOptions> options,
                   HttpCallback on_done)
    : curl(std::move(request), std::move(options), this), callback(std::move(on_done)) {}

void Transfer::deliver() {
  if (outcome && outcome->status != kNoContent) {
    auto body = decode_content(outcome->header("content-encoding"), std::move(outcome->body),
                               curl.body_bytes_max());
    if (body) {
      outcome->body = *std::move(body);
    } else {
      outcome = fail(std::move(body).error());
    }
  }
  const HttpCallback call = std::exchange(callback, nullptr);
  if (call) call(std::move(outcome));
}

// ---- From any thread

HttpLoop::HttpLoop(Executor* executor, std::string user_agent)
    : executor_(executor),
      user_agent_(std::move(user_agent)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      multi_(make_multi()) {
  assert(epoll_ >= 0 && wake_ >= 0 && multi_ != nullptr);
  set(multi_, CURLMOPT_SOCKETFUNCTION, &HttpLoop::on_socket);
  set(multi_, CURLMOPT_SOCKETDATA, static_cast<void*>(this));
  set(multi_, CURLMOPT_TIMERFUNCTION, &HttpLoop::on_timer);
  set(multi_, CURLMOPT_TIMERDATA, static_cast<void*>(this));
  set(multi_, CURLMOPT_MAXCONNECTS, kIdleConnectionsMax);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake_;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
}

HttpLoop::~HttpLoop() {
  curl_multi_cleanup(multi_);
  ::close(wake_);
  ::close(epoll_);
}

bool HttpLoop::post(std::function<void()> command) {
  MutexLock lock(mutex_);
  if (has_ended_) return false;
  commands_.push_back(std::move(command));
  // The lock is held: after has_ended_ nobody writes to a descriptor that may be another's by then.
  if (commands_.size() == 1) eventfd_write(wake_, 1);
  return true;
}

void HttpLoop::stop() {
  MutexLock lock(mutex_);
  is_stopping_ = true;
  eventfd_write(wake_, 1);
}

void HttpLoop::refuse(const std::shared_ptr<Transfer>& transfer, Error error) {
  transfer->outcome = fail(transfer->curl.within_request(std::move(error)));
  transfer->pool.reset();
  hand_over(transfer);
}

void HttpLoop::hand_over(const std::shared_ptr<Transfer>& transfer) {
  if (executor_ != nullptr) {
    executor_->run([transfer] { transfer->deliver(); });
  } else {
    transfer->deliver();
  }
}

// ---- The event thread

void HttpLoop::run() {
  std::array<epoll_event, 256> events{};
  while (run_commands()) {
    expire();  // curl sends what was just begun when its timer is called
    const int count =
        epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms());
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == wake_) {
        eventfd_t ignored = 0;
        eventfd_read(wake_, &ignored);
      } else {
        socket_ready(event.data.fd, event.events);
      }
    }
  }
  close();
}

// False when it is time to stop.
bool HttpLoop::run_commands() {
  std::vector<std::function<void()>> commands;
  {
    MutexLock lock(mutex_);
    if (is_stopping_) return false;
    commands.swap(commands_);
  }
  for (const auto& command : commands) command();
  return true;
}

void HttpLoop::close() {
  is_closing_ = true;
  while (!in_flight_.empty()) {
    const std::shared_ptr<Transfer> transfer = in_flight_.begin()->second;
    end_early(transfer, canceled());
  }
  while (true) {
    std::vector<std::function<void()>> commands;
    {
      MutexLock lock(mutex_);
      commands.swap(commands_);
      if (commands.empty()) {
        has_ended_ = true;
        return;
      }
    }
    for (const auto& command : commands) command();
  }
}

int HttpLoop::timeout_ms() const {
  SteadyTime next = wake_at_;
  if (!in_flight_.empty()) next = std::min(next, in_flight_.begin()->first);
  if (next == SteadyTime::max()) return -1;
  constexpr std::int64_t kLongest = 60'000;
  const auto wait =
      std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, kLongest));
}

void HttpLoop::socket_ready(int socket, unsigned events) {
  int ready = 0;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) ready |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0) ready |= CURL_CSELECT_OUT;
  if ((events & EPOLLERR) != 0) ready |= CURL_CSELECT_ERR;
  int running = 0;
  // A socket that was given up by what was handled just before is nothing to curl.
  curl_multi_socket_action(multi_, socket, ready, &running);
  collect();
}

// The timer of curl, then deadlines of ours.
void HttpLoop::expire() {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (wake_at_ <= now) {
    wake_at_ = SteadyTime::max();
    int running = 0;
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    collect();
  }
  while (!in_flight_.empty() && in_flight_.begin()->first <= now) {
    const std::shared_ptr<Transfer> transfer = in_flight_.begin()->second;
    end_early(transfer, {ErrorCode::kTimeout, "context deadline exceeded"});
  }
}

int HttpLoop::on_socket(CURL* /*handle*/, curl_socket_t socket, int what, void* user,
                        void* /*known*/) {
  const HttpLoop& loop = *static_cast<HttpLoop*>(user);
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(loop.epoll_, EPOLL_CTL_DEL, socket, nullptr);
    return 0;
  }
  epoll_event event{};
  event.data.fd = socket;
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  // Not by whether curl had told of it: the number may be one that was closed, which epoll forgets
  // by itself.
  if (epoll_ctl(loop.epoll_, EPOLL_CTL_MOD, socket, &event) != 0) {
    epoll_ctl(loop.epoll_, EPOLL_CTL_ADD, socket, &event);
  }
  return 0;
}

int HttpLoop::on_timer(CURLM* /*multi*/, long timeout_ms, void* user) {
  SteadyTime& wake_at = static_cast<HttpLoop*>(user)->wake_at_;
  wake_at = timeout_ms < 0
                ? SteadyTime::max()
                : std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  return 0;
}

// ---- A transfer's life: begin, start per hop, complete

void HttpLoop::begin(const std::shared_ptr<Transfer>& transfer) {
  transfer->place = in_flight_.emplace(transfer->deadline, transfer);
  transfer->state = Transfer::State::kWaiting;
  if (is_closing_) {
    end_early(transfer, canceled());
  } else if (!transfer->refusal) {
    end_early(transfer, transfer->refusal.error());
  } else if (!transfer->waits_for_token) {
    start(transfer);
  }
}

void HttpLoop::start(const std::shared_ptr<Transfer>& transfer) {
  if (transfer->state == Transfer::State::kOver) return;
  Status prepared = transfer->curl.prepare(transfer->pool->share);
  if (!prepared) {
    end_early(transfer, std::move(prepared).error());
    return;
  }
  if (curl_multi_add_handle(multi_, transfer->curl.handle()) != CURLM_OK) {
    end_early(transfer, {ErrorCode::kIo, "curl takes no more transfers"});
    return;
  }
  transfer->state = Transfer::State::kRunning;
}

void HttpLoop::end_early(const std::shared_ptr<Transfer>& transfer, Error error) {
  if (transfer->state == Transfer::State::kNew || transfer->state == Transfer::State::kOver) return;
  if (transfer->state == Transfer::State::kRunning) {
    curl_multi_remove_handle(multi_, transfer->curl.handle());
  }
  complete(transfer, fail(transfer->curl.within_request(std::move(error))));
}

void HttpLoop::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    // Both are copied: what `message` points at goes with the handle.
    CURL* handle = message->easy_handle;
    const CURLcode code = message->data.result;
    void* owner = nullptr;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &owner);
    const std::shared_ptr<Transfer> transfer = static_cast<Transfer*>(owner)->shared_from_this();
    curl_multi_remove_handle(multi_, handle);
    transfer->state = Transfer::State::kWaiting;
    hop_done(transfer, code);
  }
}

void HttpLoop::hop_done(const std::shared_ptr<Transfer>& transfer, CURLcode code) {
  Result<bool> again = transfer->curl.finish(code);
  if (!again) {
    complete(transfer, fail(std::move(again).error()));
  } else if (*again) {
    start(transfer);
  } else {
    complete(transfer, transfer->curl.take_response());
  }
}

void HttpLoop::complete(const std::shared_ptr<Transfer>& transfer, Result<HttpResponse> outcome) {
  // The caller may have only the entry's reference.
  const std::shared_ptr<Transfer> kept = transfer;
  kept->state = Transfer::State::kOver;
  in_flight_.erase(kept->place);
  kept->outcome = std::move(outcome);
  kept->curl.close();
  kept->pool.reset();
  hand_over(kept);
}

}  // namespace silverback::net
