#include "net/http_secrets.h"

#include <utility>

#include <openssl/evp.h>

namespace silverback::net {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

Result<HttpHeader> header_line(std::string name, std::string value) {
  if (!is_header_value(value)) {
    return fail(ErrorCode::kInvalidArgument,
                "net/http: invalid header field value for \"" + name + "\"");
  }
  return HttpHeader{std::move(name), std::move(value)};
}

}  // namespace

TextOrFile::TextOrFile(std::string text, std::string file, std::string name)
    : text_(std::make_shared<const std::string>(std::move(text))),
      file_(file.empty() ? nullptr : std::make_unique<WatchedFile>(std::move(file))),
      name_(std::move(name)) {}

Result<std::shared_ptr<const std::string>> TextOrFile::read() {
  if (file_ == nullptr) return text_;
  auto content = file_->read();
  if (!content) {
    return fail(
        std::move(content).error().within("unable to read " + name_ + " file " + file_->path()));
  }
  return content;
}

Result<std::string> TextOrFile::read_trimmed() {
  const std::shared_ptr<const std::string> content = TRY(read());
  return file_ == nullptr ? *content : std::string(trim(*content));
}

HttpSecrets::HttpSecrets(const HttpOptions& options)
    : options_(options),
      username_(options.basic_auth ? options.basic_auth->username : "",
                options.basic_auth ? options.basic_auth->username_file : "", "basic auth username"),
      password_(options.basic_auth ? options.basic_auth->password : "",
                options.basic_auth ? options.basic_auth->password_file : "", "basic auth password"),
      credentials_(options.authorization ? options.authorization->credentials : "",
                   options.authorization ? options.authorization->credentials_file : "",
                   "authorization credentials"),
      ca_(options.tls.ca, options.tls.ca_file, "CA cert"),
      cert_(options.tls.cert, options.tls.cert_file, "client cert"),
      key_(options.tls.key, options.tls.key_file, "client key") {
  for (const CustomHeader& header : options.headers) {
    for (const std::string& file : header.files) {
      header_files_.push_back(
          {header.name, std::make_unique<TextOrFile>("", file, "http header " + header.name)});
    }
  }
}

Result<std::vector<HttpHeader>> HttpSecrets::headers() {
  std::vector<HttpHeader> lines;
  if (options_.basic_auth) {
    const std::string username = TRY(username_.read_trimmed());
    const std::string password = TRY(password_.read_trimmed());
    lines.push_back({"Authorization", basic_credentials(username, password)});
  }
  if (options_.authorization) {
    const std::string credentials = TRY(credentials_.read_trimmed());
    if (!credentials.empty()) {
      std::string value = options_.authorization->type + " " + credentials;
      HttpHeader line = TRY(header_line("Authorization", std::move(value)));
      lines.push_back(std::move(line));
    }
  }
  for (const CustomHeader& header : options_.headers) {
    for (const auto* values : {&header.values, &header.secrets}) {
      for (const std::string& value : *values) lines.push_back({header.name, value});
    }
  }
  for (const HeaderFile& header : header_files_) {
    std::string value = TRY(header.file->read_trimmed());
    HttpHeader line = TRY(header_line(header.name, std::move(value)));
    lines.push_back(std::move(line));
  }
  return lines;
}

Result<std::shared_ptr<const TlsMaterial>> HttpSecrets::tls() {
  const std::shared_ptr<const std::string> ca = TRY(ca_.read());
  const std::shared_ptr<const std::string> cert = TRY(cert_.read());
  const std::shared_ptr<const std::string> key = TRY(key_.read());
  MutexLock lock(mutex_);
  if (material_ == nullptr || material_->ca != *ca || material_->cert != *cert ||
      material_->key != *key) {
    material_ = std::make_shared<const TlsMaterial>(TlsMaterial{*ca, *cert, *key});
  }
  return material_;
}

std::string basic_credentials(std::string_view username, std::string_view password) {
  std::string plain(username);
  plain.append(":").append(password);
  std::vector<unsigned char> encoded((plain.size() + 2) / 3 * 4 + 1);
  const std::vector<unsigned char> bytes(plain.begin(), plain.end());
  EVP_EncodeBlock(encoded.data(), bytes.data(), static_cast<int>(bytes.size()));
  return "Basic " + std::string(encoded.begin(), encoded.end() - 1);
}

}  // namespace silverback::net
