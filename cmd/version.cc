#include "cmd/version.h"

// SILVERBACK_VERSION and SILVERBACK_REVISION come from CMakeLists.txt.

namespace silverback::cmd {

std::string_view version() { return SILVERBACK_VERSION; }

std::string_view revision() { return SILVERBACK_REVISION; }

std::string user_agent() { return "Silverback/" + std::string(version()); }

std::string version_line() {
  const std::string known(revision().empty() ? "unknown" : revision());
  return "silverback, version " + std::string(version()) + " (revision: " + known + ")";
}

}  // namespace silverback::cmd
