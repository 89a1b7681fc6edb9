// Label names in URL paths: names that are not [a-zA-Z_:][a-zA-Z0-9_:]* arrive escaped, as
// `U__http_2e_status` for `http.status`. Source: the "values" escaping scheme of
// https://prometheus.io/docs/instrumenting/escaping_schemes/
#pragma once

#include <string>
#include <string_view>

namespace silverback::api {

// After `U__`: `__` stands for `_`, `_2e_` for the character with that code point. A name without
// the prefix, or not made by these rules, is returned as it is.
std::string unescape_name(std::string_view name);

}  // namespace silverback::api
