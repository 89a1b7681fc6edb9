#include "net/curl_transfer.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/http_error.h"
#include "net/proxy.h"

namespace silverback::net {
namespace {

constexpr int kRedirectsMax = 10;                    // as Go's client
constexpr std::size_t kHeaderBytesMax = 1U << 20;    // all headers of one answer
constexpr std::size_t kReserveBytesMax = 64U << 20;  // what is believed of a Content-Length
// As Prometheus keeps its connections; but they are closed when the session sends again.
constexpr long kIdleSecondsMax = 300;

// Parts of a URL, as curl itself will read it.
class Url {
 public:
  explicit Url(const std::string& text) : url_(curl_url()) {
    is_good_ =
        curl_url_set(url_, CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
  }
  ~Url() { curl_url_cleanup(url_); }
  Url(const Url&) = delete;
  Url& operator=(const Url&) = delete;

  bool is_good() const { return is_good_; }
  std::string part(CURLUPart name, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(url_, name, &text, flags) != CURLUE_OK || text == nullptr) return "";
    std::string part(text);
    curl_free(text);
    return part;
  }
  void set(CURLUPart name, const char* value) { curl_url_set(url_, name, value, 0); }

 private:
  CURLU* url_;
  bool is_good_ = false;
};

std::string without_password(const std::string& text) {
  Url url(text);
  if (!url.is_good() || url.part(CURLUPART_PASSWORD).empty()) return text;
  url.set(CURLUPART_PASSWORD, "***");
  return url.part(CURLUPART_URL);
}

// What of the request's own headers is for the first server only.
bool is_for_one_server(const std::string& name) {
  const std::string lower = to_lower(name);
  return lower == "authorization" || lower == "cookie" || lower == "proxy-authorization" ||
         lower == "host";
}

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Of `HTTP/1.1 404 Not Found`, what follows the version.
std::string status_text(std::string_view line) {
  line.remove_prefix(std::min(line.find(' '), line.size()));
  const std::size_t begin = line.find_first_not_of(' ');
  if (begin == line.npos) return "";
  return std::string(line.substr(begin, line.find_last_not_of(" \r\n") - begin + 1));
}

// curl takes `Name;` for a header without a value; `Name:` would remove it.
std::string header_line(const HttpHeader& header) {
  return header.value.empty() ? header.name + ";" : header.name + ": " + header.value;
}

void append(curl_slist** list, const std::string& line) {
  curl_slist* longer = curl_slist_append(*list, line.c_str());
  if (longer != nullptr) *list = longer;
}

long version_bits(TlsVersion version, bool is_max) {
  switch (version) {
    case TlsVersion::kDefault:
      return is_max ? static_cast<long>(CURL_SSLVERSION_MAX_DEFAULT)
                    : static_cast<long>(CURL_SSLVERSION_TLSv1_2);
    case TlsVersion::kTls10:
      return is_max ? static_cast<long>(CURL_SSLVERSION_MAX_TLSv1_0)
                    : static_cast<long>(CURL_SSLVERSION_TLSv1_0);
    case TlsVersion::kTls11:
      return is_max ? static_cast<long>(CURL_SSLVERSION_MAX_TLSv1_1)
                    : static_cast<long>(CURL_SSLVERSION_TLSv1_1);
    case TlsVersion::kTls12:
      return is_max ? static_cast<long>(CURL_SSLVERSION_MAX_TLSv1_2)
                    : static_cast<long>(CURL_SSLVERSION_TLSv1_2);
    case TlsVersion::kTls13:
      return is_max ? static_cast<long>(CURL_SSLVERSION_MAX_TLSv1_3)
                    : static_cast<long>(CURL_SSLVERSION_TLSv1_3);
  }
  return CURL_SSLVERSION_DEFAULT;
}

curl_blob blob_of(const std::string& text) {
  // Not copied: the transfer keeps the text alive, and curl copies what a connection needs.
  return {const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
}

// ---- server_name: curl has no option for a TLS name other than the URL's host, so OpenSSL is told
// to verify that name, and the name asked for is replaced as the handshake starts.

int server_name_index() {
  static const int index =
      CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, nullptr, nullptr, nullptr,
                              [](void*, void* name, CRYPTO_EX_DATA*, int, long, void*) {
                                delete static_cast<std::string*>(name);
                              });
  return index;
}

void ask_for_server_name(const SSL* ssl, int where, int /*result*/) {
  if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
  auto* name =
      static_cast<std::string*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), server_name_index()));
  if (name == nullptr) return;
  // SSL_set_tlsext_host_name without its old-style casts.
  SSL_ctrl(const_cast<SSL*>(ssl), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
           name->data());
}

bool is_address(const std::string& name) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

}  // namespace

CurlTransfer::CurlTransfer(HttpRequest request, std::shared_ptr<const HttpOptions> options,
                           void* owner)
    : request_(std::move(request)), options_(std::move(options)), owner_(owner) {}

CurlTransfer::~CurlTransfer() {
  assert(handle_ == nullptr);
  curl_slist_free_all(header_lines_);
  curl_slist_free_all(proxy_lines_);
}

void CurlTransfer::close() { curl_easy_cleanup(std::exchange(handle_, nullptr)); }

template <class Value>
void CurlTransfer::set(CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle_, option, value);
  if (setup_code_ == CURLE_OK) setup_code_ = code;
}

Result<CurlTransfer::Target> CurlTransfer::parse_target(const std::string& text) {
  const Url url(text);
  if (!url.is_good()) return fail(ErrorCode::kInvalidArgument, "invalid URL");
  Target target;
  target.scheme = url.part(CURLUPART_SCHEME);
  if (target.scheme != "http" && target.scheme != "https") {
    return fail(ErrorCode::kInvalidArgument,
                "unsupported protocol scheme \"" + target.scheme + "\"");
  }
  target.host = to_lower(url.part(CURLUPART_HOST));
  if (target.host.starts_with('[')) target.host = target.host.substr(1, target.host.size() - 2);
  target.port = url.part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  return target;
}

Status CurlTransfer::build_headers() {
  curl_slist_free_all(std::exchange(header_lines_, nullptr));
  bool has_encoding = false;
  bool has_type = false;
  for (const auto* headers : {&credentials_, &request_.headers}) {
    for (const HttpHeader& header : *headers) {
      if (!is_header_name(header.name) || !is_header_value(header.value)) {
        return fail(ErrorCode::kInvalidArgument,
                    "net/http: invalid header field \"" + header.name + "\"");
      }
      const std::string name = to_lower(header.name);
      has_encoding = has_encoding || name == "accept-encoding";
      has_type = has_type || name == "content-type";
      append(&header_lines_, header_line(header));
    }
  }
  if (request_.accept_gzip && !has_encoding) append(&header_lines_, "Accept-Encoding: gzip");
  if (!has_type) append(&header_lines_, "Content-Type:");  // curl would claim a form
  append(&header_lines_, "Expect:");  // else a long body waits a second for servers that ignore it
  set(CURLOPT_HTTPHEADER, header_lines_);
  return {};
}

void CurlTransfer::set_method() {
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
    return;
  }
  if (request_.method == "POST" || !request_.body.empty()) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.data());
  }
  set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void CurlTransfer::set_tls_options() {
  const TlsOptions& tls = options_->tls;
  const long versions = version_bits(tls.min_version, false) | version_bits(tls.max_version, true);
  set(CURLOPT_SSLVERSION, versions);
  if (tls_ != nullptr && !tls_->ca.empty()) {
    curl_blob ca = blob_of(tls_->ca);
    set(CURLOPT_CAINFO_BLOB, &ca);
    set(CURLOPT_PROXY_CAINFO_BLOB, &ca);
    // Debian's default folder would be trusted besides.
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    set(CURLOPT_PROXY_CAPATH, static_cast<const char*>(nullptr));
  }
  if (tls_ != nullptr && !tls_->cert.empty()) {
    curl_blob cert = blob_of(tls_->cert);
    curl_blob key = blob_of(tls_->key);
    set(CURLOPT_SSLCERT_BLOB, &cert);
    set(CURLOPT_SSLKEY_BLOB, &key);
  }
  if (tls.insecure_skip_verify) {
    for (const CURLoption option : {CURLOPT_SSL_VERIFYPEER, CURLOPT_SSL_VERIFYHOST,
                                    CURLOPT_PROXY_SSL_VERIFYPEER, CURLOPT_PROXY_SSL_VERIFYHOST}) {
      set(option, 0L);
    }
  }
  if (!tls.server_name.empty()) {
    set(CURLOPT_SSL_VERIFYHOST, 0L);  // OpenSSL does it, see on_tls_context
    set(CURLOPT_SSL_CTX_FUNCTION, &CurlTransfer::on_tls_context);
    set(CURLOPT_SSL_CTX_DATA, static_cast<void*>(this));
  }
}

void CurlTransfer::set_proxy() {
  proxy_ = proxy_for(options_->proxy, target_.scheme, target_.host, target_.port);
  set(CURLOPT_PROXY, proxy_.c_str());  // "": none, whatever the environment says
  set(CURLOPT_NOPROXY, "");
  // As in Go, only a tunnel is asked for with these headers.
  if (proxy_.empty() || target_.scheme != "https") return;
  curl_slist_free_all(std::exchange(proxy_lines_, nullptr));
  for (const HttpHeader& header : options_->proxy.connect_headers) {
    append(&proxy_lines_, header_line(header));
  }
  set(CURLOPT_PROXYHEADER, proxy_lines_);
}

Status CurlTransfer::prepare(CURLSH* share) {
  if (handle_ == nullptr) {
    handle_ = curl_easy_init();
  } else {
    curl_easy_reset(handle_);
  }
  if (handle_ == nullptr || share == nullptr) return fail(ErrorCode::kIo, "out of memory");
  target_ = TRY(parse_target(request_.url));
  if (!is_header_name(request_.method)) {
    return fail(ErrorCode::kInvalidArgument, "net/http: invalid method");
  }
  set(CURLOPT_SHARE, share);
  set(CURLOPT_URL, request_.url.c_str());
  if (!request_.unix_socket.empty()) set(CURLOPT_UNIX_SOCKET_PATH, request_.unix_socket.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PRIVATE, owner_);
  set(CURLOPT_ERRORBUFFER, error_buffer_.data());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // else giving up waits until the resolver's thread is done
  // Connections are kept, names are not: curl would walk through all of them after each transfer.
  set(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_MAXAGE_CONN, kIdleSecondsMax);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  set(CURLOPT_HTTP_VERSION,
      static_cast<long>(options_->enable_http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set_method();
  set_tls_options();
  set_proxy();
  TRY(build_headers());
  if (setup_code_ != CURLE_OK) {  // a text of megabytes, or no memory
    return fail(ErrorCode::kInvalidArgument, curl_easy_strerror(setup_code_));
  }
  response_ = {};
  header_bytes_ = 0;
  error_buffer_[0] = '\0';
  return {};
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  std::string_view line(data, size * count);
  const std::size_t taken = line.size();
  transfer.header_bytes_ += taken;
  if (transfer.header_bytes_ > kHeaderBytesMax) {
    transfer.are_headers_too_long_ = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {  // after 100 Continue, another answer follows
    transfer.response_.headers.clear();
    transfer.response_.status_text = status_text(line);
    return taken;
  }
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return taken;
  const std::string_view blanks = " \t\r\n";
  std::string_view value = line.substr(colon + 1);
  const std::size_t begin = value.find_first_not_of(blanks);
  value = begin == value.npos ? std::string_view()
                              : value.substr(begin, value.find_last_not_of(blanks) - begin + 1);
  transfer.response_.headers.push_back({to_lower(line.substr(0, colon)), std::string(value)});
  return taken;
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t bytes = size * count;
  std::string& body = transfer.response_.body;
  if (bytes > transfer.request_.body_bytes_max - body.size()) {
    transfer.is_body_too_long_ = true;
    return 0;  // ends the transfer
  }
  if (body.empty()) {
    curl_off_t announced = -1;
    curl_easy_getinfo(transfer.handle_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced > 0)
      body.reserve(std::min(static_cast<std::size_t>(announced), kReserveBytesMax));
  }
  body.append(data, bytes);
  return bytes;
}

CURLcode CurlTransfer::on_tls_context(CURL* /*handle*/, void* context, void* self) {
  const TlsOptions& tls = static_cast<CurlTransfer*>(self)->options_->tls;
  auto* tls_context = static_cast<SSL_CTX*>(context);
  SSL_CTX_set_ex_data(tls_context, server_name_index(), new std::string(tls.server_name));
  SSL_CTX_set_info_callback(tls_context, &ask_for_server_name);
  if (tls.insecure_skip_verify) return CURLE_OK;
  X509_VERIFY_PARAM* wanted = SSL_CTX_get0_param(tls_context);
  X509_VERIFY_PARAM_set_hostflags(
      wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const int is_set = is_address(tls.server_name)
                         ? X509_VERIFY_PARAM_set1_ip_asc(wanted, tls.server_name.c_str())
                         : X509_VERIFY_PARAM_set1_host(wanted, tls.server_name.c_str(), 0);
  return is_set == 1 ? CURLE_OK : CURLE_SSL_CONNECT_ERROR;
}

Result<bool> CurlTransfer::finish(CURLcode code) {
  if (is_body_too_long_) return fail(ErrorCode::kIo, std::string(kBodyTooLongText));
  if (are_headers_too_long_) {
    return fail(within_request(
        {ErrorCode::kIo, "net/http: server response headers exceeded 1048576 bytes; aborted"}));
  }
  if (code != CURLE_OK) return fail(within_request(failure(code)));
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  const char* location = nullptr;
  curl_easy_getinfo(handle_, CURLINFO_REDIRECT_URL, &location);
  if (options_->follow_redirects && is_redirect(status) && location != nullptr) {
    auto followed = redirect(location);
    if (!followed) return fail(within_request(std::move(followed).error()));
    return true;
  }
  response_.status = static_cast<int>(status);
  response_.url = request_.url;
  return false;
}

Status CurlTransfer::redirect(const char* location) {
  if (++redirects_ > kRedirectsMax) {
    return fail(ErrorCode::kIo, "stopped after " + std::to_string(kRedirectsMax) + " redirects");
  }
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  std::string url = location;
  const Target from = target_;
  const Target to = TRY(parse_target(url));
  const bool is_upgrade = from.host == to.host && from.scheme == "http" && from.port == "80" &&
                          to.scheme == "https" && to.port == "443";
  if (!(from == to) && !is_upgrade) {
    credentials_.clear();
    std::erase_if(request_.headers, [](const HttpHeader& h) { return is_for_one_server(h.name); });
  }
  const bool keeps_method = status == 307 || status == 308;
  if (!keeps_method && request_.method != "HEAD" && request_.method != "GET") {
    request_.method = "GET";
  }
  if (!keeps_method) {
    request_.body.clear();
    std::erase_if(request_.headers, [](const HttpHeader& h) {
      const std::string name = to_lower(h.name);
      return name == "content-type" || name == "content-encoding" || name == "content-length";
    });
  }
  request_.url = std::move(url);
  return {};
}

Error CurlTransfer::failure(CURLcode code) const {
  TransferFailure failure;
  failure.code = code;
  curl_easy_getinfo(handle_, CURLINFO_OS_ERRNO, &failure.os_errno);
  curl_easy_getinfo(handle_, CURLINFO_SSL_VERIFYRESULT, &failure.tls_verify_result);
  failure.detail = error_buffer_.data();
  if (proxy_.empty()) return transfer_error(failure, target_.host, target_.port);
  const Url proxy(proxy_);
  return transfer_error(failure, proxy.part(CURLUPART_HOST),
                        proxy.part(CURLUPART_PORT, CURLU_DEFAULT_PORT));
}

HttpResponse CurlTransfer::take_response() { return std::move(response_); }

Error CurlTransfer::within_request(Error error) const {
  std::string method = to_lower(request_.method);  // Go writes Get, Post
  if (!method.empty() && method[0] >= 'a' && method[0] <= 'z') {
    method[0] = static_cast<char>(method[0] - 'a' + 'A');
  }
  return std::move(error).within(method + " \"" + without_password(request_.url) + '"');
}

}  // namespace silverback::net
