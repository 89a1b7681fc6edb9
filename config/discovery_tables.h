// The fields of the discoveries that are known but not built, one table each, so that a file with
// them is checked as Prometheus checks it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace silverback::config {

enum class DiscoveryField : std::uint8_t {
  kTextField,
  kSecretField,
  kPathField,
  kUrlField,
  kFlagField,
  kNumberField,
  kDurationField,
  kTextsField,
  kTextMapField,
  kSectionField,
  kSectionsField,
  kHttpField,  // all of http_config, in this place; nameless
  kTlsField,   // tls_config
};

struct DiscoveryLine {
  std::string_view name;
  DiscoveryField field = DiscoveryField::kTextField;
  std::string_view value = {};     // what it has if it is not there
  std::string_view words = {};     // the only values: "a b c"
  bool required = false;           // not empty
  std::string_view excludes = {};  // a key that cannot stand next to it
  const struct DiscoveryTable* section = nullptr;
};

struct DiscoveryTable {
  std::string_view name;
  std::span<const DiscoveryLine> lines;
};

// In the order of their names, `azure_sd_configs` and so on.
std::span<const DiscoveryTable> discovery_tables();

}  // namespace silverback::config
