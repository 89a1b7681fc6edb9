// Targets from files that others write: `file_sd_configs`. Every few seconds the globs are expanded
// and each file is asked whether it is still the same (base/file_identity.h); what changed is read.
// Every refresh_interval all are read. A file that cannot be read or understood keeps the groups it
// had, is logged once and counted at each try; one that is gone takes its groups with it.
//
// Not inotify, as Prometheus: a look costs a stat, works on every file system, and a broken file in
// a busy folder is not read at each write next to it.
#pragma once

#include <map>
#include <string>

#include "base/file_identity.h"
#include "base/metrics.h"
#include "base/result.h"
#include "discovery/source.h"

namespace silverback::discovery {

class FileSource final : public Source {
 public:
  static constexpr std::chrono::seconds kLookInterval{5};

  FileSource(config::FileDiscovery config, Registry& metrics);
  void refresh(SteadyTime now) override;
  const config::FileDiscovery& config() const { return config_; }

 private:
  struct File {
    FileIdentity identity;  // when it was last read, in vain or not
    TargetGroups groups;
    std::string failure;  // of the last try; empty if it was read
  };
  void look(bool read_all);
  void read(const std::string& path, const FileIdentity& identity, File& file);
  void report(std::string& last_failure, bool is_new, const Error& error);

  const config::FileDiscovery config_;
  Counter& read_errors_;
  SteadyTime next_look_ = SteadyTime::min();
  SteadyTime next_read_ = SteadyTime::min();
  std::map<std::string, File> files_;            // by path
  std::map<std::string, std::string> failures_;  // of globs
};

}  // namespace silverback::discovery
