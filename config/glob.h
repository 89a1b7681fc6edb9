// File name patterns, as Go's path/filepath reads them: `*` and `?` stand for what is not a slash,
// `[a-z]` and `[^a-z]` for one character, `\` takes the next one as it is; any part of a path may
// have them. Besides, a part `**` stands for any number of folders, also none, which Prometheus
// does not have.
//
// Threads: none of it is shared.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace silverback::config {

// Whether it names more than itself.
bool has_wildcard(std::string_view pattern);

// Where the last of its parts `**` ends; 0 if it has none.
std::size_t deep_part_end(std::string_view pattern);

// Whether `name`, one part of a path, is what `pattern` describes. Errors: kInvalidArgument for an
// open bracket, an empty range, or a `\` at the end.
Result<bool> matches_glob(std::string_view pattern, std::string_view name);

// The paths of files and folders that exist and match, ascending; none is no error. At most
// kGlobFoldersMax folders are looked into. Errors: kInvalidArgument for a bad pattern, also where
// nothing is compared with it, and for more folders; kIo for a folder that cannot be read.
Result<std::vector<std::string>> expand_glob(FileSystem& files, const std::string& pattern);
inline constexpr std::size_t kGlobFoldersMax = 10'000;

}  // namespace silverback::config
