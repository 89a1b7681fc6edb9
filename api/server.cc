#include "api/server.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <optional>

#include "api/context.h"
#include "api/envelope.h"
#include "api/http_metrics.h"
#include "api/http_server.h"
#include "api/query_gate.h"
#include "api/router.h"
#include "base/log.h"
#include "base/regex.h"

namespace silverback::api {
namespace {

using SteadyClock = std::chrono::steady_clock;

HttpOptions http_options(const ServerOptions& options, Registry* metrics) {
  HttpOptions http;
  http.listen_addresses = options.listen_addresses;
  http.connections_max = options.connections_max;
  http.read_timeout = options.read_timeout;
  http.inflight_bytes_max = options.inflight_bytes_max;
  http.metrics = metrics;
  return http;
}

// The body first, so that its values win. As in Go, a body without the Content-Type of a form is
// not guessed at.
Status merge_form(Request& request) {
  std::string_view type = request.header("Content-Type");
  type = type.substr(0, type.find_first_of("; \t"));
  if (equals_ignoring_case(type, "application/x-www-form-urlencoded")) {
    TRY(request.form.add_encoded(request.body));
  }
  return request.form.add_encoded(request.query);
}

QueryMetrics query_metrics(Registry& registry) {
  const auto slice = [&registry](std::string_view name) -> Distribution& {
    return registry.distribution("prometheus_engine_query_duration_seconds", "Query timings.",
                                 {.01, .1, .5, 1, 5, 10, 50, 100}, Labels{{"slice", name}});
  };
  return {slice("queue_time"), slice("prepare_time"), slice("inner_eval")};
}

FederationMetrics federation_metrics(Registry& registry) {
  return {registry.counter("prometheus_web_federation_errors_total",
                           "Total number of errors that occurred while sending federation "
                           "responses."),
          registry.counter("prometheus_web_federation_warnings_total",
                           "Total number of warnings that occurred while sending federation "
                           "responses.")};
}

}  // namespace

struct Server::Impl final : HttpHandler {
  Impl(ServerOptions server_options, ServerDependencies server_dependencies);

  std::variant<std::size_t, Response> admit(Request& head) override;
  void handle(std::shared_ptr<Request> request, Respond respond) override;

  Response answer(Request& request, SteadyClock::time_point start);
  Response run(Request& request) const;
  // Headers, compression and counting: what every answer goes through.
  Response finish(const Request& request, Response response, SteadyClock::time_point start);
  void add_cors(const Request& request, Response& response) const;
  Response unavailable() const;

  const ServerOptions options;
  const ServerDependencies dependencies;
  const Router router;
  HttpMetrics http_metrics;
  QueryGate query_gate;
  std::optional<Regex> cors_origin;  // set by listen(), then constant
  ServerStorage storage;             // written once, before `ready`
  std::atomic<bool> ready{false};
  std::atomic<bool> stopping{false};
  Context context;
  HttpServer http;
};

Server::Impl::Impl(ServerOptions server_options, ServerDependencies server_dependencies)
    : options(std::move(server_options)),
      dependencies(std::move(server_dependencies)),
      router(routes(), options.route_prefix),
      http_metrics(*dependencies.metrics),
      query_gate(
          *dependencies.queries, std::max<std::size_t>(options.queries_max, 1),
          dependencies.metrics->gauge("prometheus_engine_queries",
                                      "The current number of queries being executed or waiting.")),
      context{.options = options,
              .dependencies = dependencies,
              .storage = storage,
              .query_metrics = query_metrics(*dependencies.metrics),
              .federation_metrics = federation_metrics(*dependencies.metrics),
              .started = dependencies.clock->now(),
              .ready = ready,
              .stopping = stopping},
      http(http_options(options, dependencies.metrics), *this) {
  dependencies.metrics
      ->gauge("prometheus_engine_queries_concurrent_max", "The max number of concurrent queries.")
      .set(static_cast<double>(options.queries_max));
}

Response Server::Impl::unavailable() const {
  Response response = text_response(503, "Service Unavailable");
  response.headers.push_back({"X-Prometheus-Stopping", stopping ? "true" : "false"});
  return response;
}

std::variant<std::size_t, Response> Server::Impl::admit(Request& head) {
  const auto start = SteadyClock::now();
  if (head.path == "/" && !router.prefix().empty()) {
    Response redirect = text_response(302, "");
    redirect.headers.push_back({"Location", router.prefix()});
    return redirect;
  }
  Router::Match match = router.match(head.path == router.prefix() ? head.path + "/" : head.path);
  if (match.route == nullptr) return text_response(404, "404 page not found\n");
  head.route = match.route;
  head.path_value = std::move(match.path_value);
  if (head.method == "OPTIONS" && head.route->is_api()) {
    return finish(head, empty_response(), start);
  }
  if (!Router::allows(*head.route, head.method)) {
    Response response = text_response(405, "Method Not Allowed\n");
    response.headers.push_back({"Allow", Router::allow_header(*head.route)});
    return finish(head, std::move(response), start);
  }
  if (head.route->needs_ready && !ready) return finish(head, unavailable(), start);
  return head.route->body_bytes_max;
}

void Server::Impl::handle(std::shared_ptr<Request> request, Respond respond) {
  const auto start = SteadyClock::now();
  request->path.erase(0, router.prefix().size());
  auto task = [this, request, respond = std::move(respond), start] {
    respond(answer(*request, start));
  };
  switch (request->route->run_on) {
    case RunOn::kIo:
      task();
      break;
    case RunOn::kWork:
      dependencies.work->run(std::move(task));
      break;
    case RunOn::kQueries:
      query_gate.submit([request, task = std::move(task)](double queue_seconds) {
        request->queue_seconds = queue_seconds;
        task();
      });
      break;
  }
}

// Nothing of ours throws, but the standard library does when memory runs out, and one request that
// asks for too much is no reason for the server to end.
Response Server::Impl::answer(Request& request, SteadyClock::time_point start) {
  try {
    return finish(request, run(request), start);
  } catch (const std::exception& exception) {
    log_error(std::string(request.route->pattern) + ": " + exception.what());
    return finish(request, error_response({ErrorCode::kIo, exception.what()}), start);
  }
}

Response Server::Impl::run(Request& request) const {
  const Status form = merge_form(request);
  if (!form) {
    return error_response(
        {form.error().code, "error parsing form values: " + form.error().message});
  }
  return request.route->handler(context, request);
}

Response Server::Impl::finish(const Request& request, Response response,
                              SteadyClock::time_point start) {
  if (request.route->is_api()) add_cors(request, response);
  compress(response, request.header("Accept-Encoding"));
  const std::chrono::duration<double> took = SteadyClock::now() - start;
  http_metrics.count(*request.route, response.status, took.count(), response.body.size());
  return response;
}

void Server::Impl::add_cors(const Request& request, Response& response) const {
  response.headers.push_back({"Vary", "Origin"});
  const std::string_view origin = request.header("Origin");
  if (origin.empty() || !cors_origin || !cors_origin->matches(origin)) return;
  const bool everybody = options.cors_origin == ".*";
  response.headers.push_back(
      {"Access-Control-Allow-Origin", everybody ? std::string("*") : std::string(origin)});
  response.headers.push_back(
      {"Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin"});
  response.headers.push_back({"Access-Control-Allow-Methods", "GET, POST, OPTIONS"});
  response.headers.push_back({"Access-Control-Expose-Headers", "Date"});
}

Server::Server(ServerOptions options, ServerDependencies dependencies)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(dependencies))) {}

Server::~Server() = default;

Status Server::listen() {
  Result<Regex> origin = Regex::anchored(impl_->options.cors_origin);
  if (!origin) return fail(std::move(origin).error().within("--web.cors.origin"));
  impl_->cors_origin = *std::move(origin);
  if (impl_->options.listen_addresses.empty()) {
    return fail(ErrorCode::kInvalidArgument, "--web.listen-address: no address is given");
  }
  return impl_->http.listen();
}

std::vector<std::string> Server::addresses() const { return impl_->http.addresses(); }

void Server::run() { impl_->http.run(); }

void Server::set_storage(const ServerStorage& storage) {
  impl_->storage = storage;
  impl_->ready = true;
}

void Server::stop(DurationMs grace) {
  impl_->stopping = true;
  impl_->ready = false;
  impl_->http.stop(grace);
}

}  // namespace silverback::api
