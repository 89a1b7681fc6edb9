#include "discovery/discovery.h"

#include <algorithm>
#include <set>
#include <utility>

#include "config/http_options.h"

namespace silverback::discovery {
namespace {

// The source of that configuration, or null.
template <class S, class Config>
std::shared_ptr<S> find(const std::vector<std::shared_ptr<S>>& sources, const Config& config) {
  const auto found = std::find_if(sources.begin(), sources.end(),
                                  [&](const auto& source) { return source->config() == config; });
  return found == sources.end() ? nullptr : *found;
}

TargetGroups groups_of(const std::vector<std::shared_ptr<Source>>& sources) {
  TargetGroups all;
  for (const auto& source : sources) {
    const TargetGroups groups = source->groups();
    all.insert(all.end(), groups.begin(), groups.end());
  }
  return all;
}

template <class S>
void take_changed(const std::vector<std::shared_ptr<S>>& sources,
                  std::set<const Source*>& changed) {
  for (const auto& source : sources)
    if (source->take_changed()) changed.insert(source.get());
}

double target_count(const std::vector<std::shared_ptr<Source>>& sources) {
  std::size_t count = 0;
  for (const auto& group : groups_of(sources)) count += group->targets.size();
  return static_cast<double>(count);
}

}  // namespace

Discovery::Discovery(std::string name, net::HttpClient& client, Registry& metrics)
    : name_(std::move(name)),
      client_(client),
      metrics_(metrics),
      received_updates_(metrics.counter("prometheus_sd_received_updates_total",
                                        "Changes of targets that sources brought.",
                                        {{"name", name_}})),
      updates_(metrics.counter("prometheus_sd_updates_total",
                               "Changes of targets that were told to those who use them.",
                               {{"name", name_}})) {}

Gauge& Discovery::discovered(const std::string& set) {
  return metrics_.gauge("prometheus_sd_discovered_targets", "Targets found, before relabelling.",
                        {{"config", set}, {"name", name_}});
}

Status Discovery::apply(const std::map<std::string, config::Discoveries>& sets, SteadyTime now) {
  MutexLock lock(mutex_);
  State next;
  for (const auto& [name, wanted] : sets) {
    if (Status added = add_set(name, wanted, state_, next); !added)
      return fail(std::move(added).error().within(name));
  }
  for (const auto& [name, sources] : state_.sets)
    if (!next.sets.contains(name)) discovered(name).set(0);
  state_ = std::move(next);
  refresh(now);
  std::set<const Source*> changed;
  take_changed(state_.statics, changed);
  take_changed(state_.files, changed);
  received_updates_.add(changed.size());
  for (const auto& [name, sources] : state_.sets) discovered(name).set(target_count(sources));
  return {};
}

Status Discovery::add_set(const std::string& name, const config::Discoveries& wanted,
                          const State& before, State& next) {
  if (!wanted.others.empty())
    return fail(ErrorCode::kInvalidArgument, wanted.others.begin()->first + " is not built");
  Sources& sources = next.sets[name];
  // Of a configuration that is known, by another set or from before, the source is known too.
  const auto use = [&](const auto& config, const auto& known, auto& list, const auto& make) {
    auto source = find(list, config);
    if (source == nullptr) {
      source = find(known, config);
      if (source == nullptr) source = make();
      if (source != nullptr) list.push_back(source);
    }
    if (source != nullptr) sources.push_back(std::move(source));
  };
  use(wanted.static_targets, before.statics, next.statics,
      [&] { return std::make_shared<StaticSource>(wanted.static_targets); });
  for (const config::FileDiscovery& config : wanted.files)
    use(config, before.files, next.files,
        [&] { return std::make_shared<FileSource>(config, metrics_); });
  Status status;
  for (const config::HttpDiscovery& config : wanted.http)
    use(config, before.http, next.http, [&] {
      auto made = make_http_source(config, name, before);
      if (!made) status = fail(std::move(made).error().within("http_sd_configs"));
      return made.value_or(nullptr);
    });
  return status;
}

Result<std::shared_ptr<HttpSource>> Discovery::make_http_source(const config::HttpDiscovery& config,
                                                                const std::string& set,
                                                                const State& before) {
  const net::HttpOptions options = TRY(config::http_options(config.http));
  auto session = TRY(client_.open(options));
  const auto same_url =
      std::find_if(before.http.begin(), before.http.end(),
                   [&](const auto& source) { return source->config().url == config.url; });
  TargetGroups found;
  if (same_url != before.http.end()) found = (*same_url)->groups();
  return std::make_shared<HttpSource>(config, std::move(session), std::move(found), set, metrics_);
}

void Discovery::refresh(SteadyTime now) {
  for (const auto& source : state_.files) source->refresh(now);
  for (const auto& source : state_.http) source->refresh(now);
}

std::vector<std::string> Discovery::tick(SteadyTime now) {
  MutexLock lock(mutex_);
  refresh(now);
  std::set<const Source*> changed;
  take_changed(state_.files, changed);
  take_changed(state_.http, changed);
  received_updates_.add(changed.size());
  std::vector<std::string> names;
  if (changed.empty()) return names;
  for (const auto& [name, sources] : state_.sets) {
    const bool is_changed = std::any_of(sources.begin(), sources.end(), [&](const auto& source) {
      return changed.contains(source.get());
    });
    if (!is_changed) continue;
    names.push_back(name);
    discovered(name).set(target_count(sources));
  }
  updates_.add(names.size());
  return names;
}

bool Discovery::has_all_answers() const {
  MutexLock lock(mutex_);
  return std::all_of(state_.http.begin(), state_.http.end(),
                     [](const auto& source) { return source->has_answered(); });
}

TargetGroups Discovery::targets(const std::string& set) const {
  MutexLock lock(mutex_);
  const auto found = state_.sets.find(set);
  return found == state_.sets.end() ? TargetGroups() : groups_of(found->second);
}

}  // namespace silverback::discovery
