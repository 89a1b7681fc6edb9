// Names that are not [a-zA-Z_:][a-zA-Z0-9_:]*, for those who take no others: `http.status` is
// `U__http_2e_status` under the scheme "values". In URL paths label names arrive so, and a page for
// an older server has all its names so.
//
// Source: https://prometheus.io/docs/instrumenting/escaping_schemes/
#pragma once

#include <string>
#include <string_view>

#include "ingest/exposition_format.h"

namespace silverback::api {

enum class NameKind : std::uint8_t { kMetric, kLabel };  // only the former may have colons

// The name as it is, if it is legacy-valid or the scheme takes all.
std::string escape_name(std::string_view name, NameKind kind, ingest::EscapingScheme scheme);

// After `U__`: `__` stands for `_`, `_2e_` for the character with that code point. A name without
// the prefix, or not made by these rules, is returned as it is.
std::string unescape_name(std::string_view name);

}  // namespace silverback::api
