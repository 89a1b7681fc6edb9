// Text made safe as a part of a URL. Letters, digits and -._~ stay, what else stays is said; every
// other byte becomes %XX. Threads: free functions.
#pragma once

#include <string>
#include <string_view>

namespace silverback {

std::string percent_encode(std::string_view text, std::string_view also_plain = {});

// Of a query's or form's names and values (application/x-www-form-urlencoded): a blank becomes `+`.
std::string query_escape(std::string_view text);

}  // namespace silverback
