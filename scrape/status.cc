#include "scrape/status.h"

namespace silverback::scrape {

std::string_view to_string(Health health) {
  switch (health) {
    case Health::kUnknown:
      return "unknown";
    case Health::kUp:
      return "up";
    case Health::kDown:
      break;
  }
  return "down";
}

}  // namespace silverback::scrape
