// What of the options has to be looked up before a request can go out: files read again if they
// changed, credentials put into header lines.
// Threads: everything from any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "net/http_options.h"
#include "net/watched_file.h"

namespace silverback::net {

// An option that is given as text or as a file.
class TextOrFile {
 public:
  TextOrFile(std::string text, std::string file, std::string name);
  bool empty() const { return text_->empty() && file_ == nullptr; }
  // As it is. Errors name the option and the file.
  Result<std::shared_ptr<const std::string>> read();
  // Without blanks around what was in the file.
  Result<std::string> read_trimmed();

 private:
  std::shared_ptr<const std::string> text_;
  std::unique_ptr<WatchedFile> file_;
  std::string name_;  // for errors
};

// PEM texts; empty where not configured.
struct TlsMaterial {
  std::string ca, cert, key;
};

class HttpSecrets {
 public:
  // Requires options that check() found good.
  explicit HttpSecrets(const HttpOptions& options);

  // The header lines that basic_auth, authorization and http_headers ask for.
  Result<std::vector<HttpHeader>> headers();
  // The same pointer as long as no file changes.
  Result<std::shared_ptr<const TlsMaterial>> tls() EXCLUDES(mutex_);

 private:
  struct HeaderFile {
    std::string name;
    std::unique_ptr<TextOrFile> file;
  };
  const HttpOptions options_;
  TextOrFile username_, password_, credentials_, ca_, cert_, key_;
  std::vector<HeaderFile> header_files_;
  Mutex mutex_;
  std::shared_ptr<const TlsMaterial> material_ GUARDED_BY(mutex_);
};

// `Basic …` for the Authorization header.
std::string basic_credentials(std::string_view username, std::string_view password);

}  // namespace silverback::net
