// Text made safe for where it goes: HTML and JavaScript; for URLs there is base/url_escape.h.
// Threads: free functions.
#pragma once

#include <string>
#include <string_view>

namespace silverback::templates {

std::string escape_html(std::string_view text);
std::string escape_js(std::string_view text);

// Where an expression is shown by the server's own page, below its external URL's path.
std::string graph_link(std::string_view expression);
std::string table_link(std::string_view expression);

}  // namespace silverback::templates
