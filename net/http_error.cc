#include "net/http_error.h"

#include <cerrno>
#include <system_error>

#include <openssl/x509_vfy.h>

#include "net/http_options.h"

namespace silverback::net {
namespace {

std::string certificate_problem(const TransferFailure& failure, std::string_view host) {
  switch (failure.tls_verify_result) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "x509: certificate signed by unknown authority";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "x509: certificate has expired or is not yet valid";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "x509: certificate is not valid for the configured server_name";
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED:  // curl's word for: the chain was good, so it was the name
      return "x509: certificate is not valid for " + std::string(host);
    default:
      return "x509: " + std::string(X509_verify_cert_error_string(failure.tls_verify_result));
  }
}

std::string errno_text(long number) {
  return to_lower(std::generic_category().message(static_cast<int>(number)));
}

std::string or_detail(const TransferFailure& failure) {
  return failure.detail.empty() ? curl_easy_strerror(failure.code) : std::string(failure.detail);
}

// Else the errno may be an older one, of an address that was tried before another that worked.
bool failed_at_socket(const TransferFailure& failure, std::string_view curls_words) {
  return failure.os_errno != 0 && failure.detail.starts_with(curls_words);
}

std::string tls_problem(const TransferFailure& failure, std::string_view host) {
  // Unspecified is what curl begins with.
  if (failure.tls_verify_result != X509_V_OK &&
      failure.tls_verify_result != X509_V_ERR_UNSPECIFIED) {
    return "tls: failed to verify certificate: " + certificate_problem(failure, host);
  }
  if (failure.detail.find("wrong version number") != std::string_view::npos) {
    return "http: server gave HTTP response to HTTPS client";
  }
  return "tls: " + or_detail(failure);
}

std::string problem(const TransferFailure& failure, std::string_view host, std::string_view port) {
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "dial tcp: lookup " + std::string(host) + ": no such host";
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "proxyconnect tcp: dial tcp: lookup " + std::string(host) + ": no such host";
    case CURLE_COULDNT_CONNECT: {
      const bool is_ipv6 = host.find(':') != host.npos;
      const std::string address = "dial tcp " +
                                  (is_ipv6 ? "[" + std::string(host) + "]" : std::string(host)) +
                                  ":" + std::string(port);
      if (failure.os_errno == 0) return address + ": " + or_detail(failure);
      return address + ": connect: " + errno_text(failure.os_errno);
    }
    case CURLE_OPERATION_TIMEDOUT:
      return "context deadline exceeded";
    case CURLE_GOT_NOTHING:
      return "EOF";
    case CURLE_PARTIAL_FILE:
      return "unexpected EOF";
    case CURLE_RECV_ERROR:
      if (failed_at_socket(failure, "Recv failure"))
        return "read tcp: read: " + errno_text(failure.os_errno);
      return or_detail(failure);
    case CURLE_SEND_ERROR:
      if (failed_at_socket(failure, "Send failure"))
        return "write tcp: write: " + errno_text(failure.os_errno);
      return or_detail(failure);
    case CURLE_PEER_FAILED_VERIFICATION:
      return "tls: failed to verify certificate: " + certificate_problem(failure, host);
    case CURLE_SSL_CONNECT_ERROR:
      return tls_problem(failure, host);
    case CURLE_SSL_CACERT_BADFILE:
      return "unable to use specified CA cert: no valid certificate in it";
    case CURLE_SSL_CERTPROBLEM:
      return "unable to use specified client cert or key: " + or_detail(failure);
    default:
      return or_detail(failure);
  }
}

}  // namespace

Error transfer_error(const TransferFailure& failure, std::string_view host, std::string_view port) {
  const ErrorCode code =
      failure.code == CURLE_OPERATION_TIMEDOUT ? ErrorCode::kTimeout : ErrorCode::kIo;
  return fail(code, problem(failure, host, port)).value();
}

}  // namespace silverback::net
