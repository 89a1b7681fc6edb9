// Which names labels and metrics may have: `metric_name_validation_scheme`.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/labels.h"

namespace silverback::config {

enum class NameScheme : std::uint8_t {
  kUtf8,    // any text
  kLegacy,  // letters, digits and _, of metrics also :
};

// Of a value of the key; "" is the default.
constexpr NameScheme name_scheme(std::string_view word) {
  return word == "legacy" ? NameScheme::kLegacy : NameScheme::kUtf8;
}
inline bool is_label_name(std::string_view name, NameScheme scheme) {
  if (scheme == NameScheme::kLegacy) return is_legacy_label_name(name);
  return !name.empty() && is_valid_utf8(name);
}
inline bool is_metric_name(std::string_view name, NameScheme scheme) {
  if (scheme == NameScheme::kLegacy) return is_legacy_metric_name(name);
  return !name.empty() && is_valid_utf8(name);
}

}  // namespace silverback::config
