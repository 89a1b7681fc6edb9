// Small pages without script: what a person sees who follows an alert's link.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "api/response.h"
#include "rules/template/escape.h"

namespace silverback::api {

// For text and for attribute values in double quotes.
using templates::escape_html;

// More rows than a person reads, few enough for any browser.
inline constexpr std::size_t kHtmlRowsMax = 1000;

// `body` is HTML already; `title` is text. `prefix` stands before the links. Its
// Content-Security-Policy allows nothing but the page's own style.
Response html_page(std::string_view prefix, std::string_view title, std::string_view body);

}  // namespace silverback::api
