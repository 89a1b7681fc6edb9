// Which build this is.
#pragma once

#include <string>
#include <string_view>

namespace silverback::cmd {

std::string_view version();   // `0.1.0`
std::string_view revision();  // of the source; "" if it was not built from a repository
std::string user_agent();     // of our requests: `Silverback/0.1.0`
// `silverback, version 0.1.0 (revision: 0123456789ab)`, as Prometheus prints its own.
std::string version_line();

}  // namespace silverback::cmd
