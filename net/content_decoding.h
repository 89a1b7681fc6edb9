// Bodies as they were before a server packed them. Done apart from receiving, so that the event
// thread only moves bytes and a truncated stream is told from a complete one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace silverback::net {

// `encoding` is the value of Content-Encoding: empty, identity, gzip, x-gzip or deflate (with or
// without zlib's frame). A body of any other is left as it is, as Go does: it may be plain, and if
// it is not, its reader will say so. At most `bytes_max` bytes are unpacked: what would be more is
// refused before it takes the memory. Errors: kIo (`body size limit exceeded`, `EOF` if there is
// nothing, `gzip: invalid header`, `gzip: corrupt or incomplete input`, the same of deflate).
Result<std::string> decode_content(std::string_view encoding, std::string body,
                                   std::size_t bytes_max);

}  // namespace silverback::net
