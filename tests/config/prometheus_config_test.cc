#include "config/prometheus_config.h"

#include <algorithm>
#include <span>

#include <gtest/gtest.h>

#include "tests/testing/memory_file_system.h"

namespace silverback::config {
namespace {

std::string no_variable(const std::string&) { return ""; }

// "ok", or the problems without the file's name.
std::string verdict(std::string_view yaml) {
  const Result<PrometheusConfig> config = parse_config(yaml, "/etc/p/p.yml", no_variable);
  if (config) return "ok";
  std::string text = config.error().message;
  for (std::size_t at = 0; (at = text.find("/etc/p/p.yml:")) != std::string::npos;)
    text.erase(at, 13);
  return text;
}

struct Case {
  const char* yaml;
  const char* want;
  // False: Debian's promtool 2.42 says otherwise, being older, built without most discoveries, or
  // laxer than we want to be.
  bool like_2_42 = true;
};

// clang-format off
const Case kCases[] = {
    // What is taken.
    {"", "ok"},
    {"global:\nrule_files:\nscrape_configs:\n", "ok"},
    {"global: {scrape_interval: 15s, evaluation_interval: 1m30s, external_labels: {a: b}}", "ok"},
    {"scrape_configs: [{job_name: a}]", "ok"},
    {"scrape_configs: [{job_name: a, params: {m: }, static_configs: [{targets: [b], labels: {x: }}]}]", "ok"},
    {"global: {external_labels: {a: ~}}", "ok"},
    {"scrape_configs: [{job_name: 1, static_configs: [{targets: ['a:1', b], labels: {x: '1'}}]}]", "ok"},
    {"scrape_configs: [{job_name: a, static_configs: [{targets: }]}]", "ok"},
    {"scrape_configs: [{job_name: a, scrape_interval: 5s}]", "ok"},
    {"scrape_configs: [{job_name: a, body_size_limit: 10MB, sample_limit: 100, honor_labels: yes}]", "ok"},
    {"scrape_configs: [{job_name: a, file_sd_configs: [{files: ['x/*.json', y.yml]}]}]", "ok"},
    {"scrape_configs: [{job_name: a, http_sd_configs: [{url: 'http://h:1/x', refresh_interval: 5s}]}]", "ok"},
    {"scrape_configs: [{job_name: a, kubernetes_sd_configs: [{role: pod, namespaces: {names: [x]}}]}]", "ok", false},
    {"scrape_configs: [{job_name: a, dns_sd_configs: [{names: [x.y]}], consul_sd_configs: [{server: 'c:8500'}]}]", "ok", false},
    {"scrape_configs: [{job_name: a, params: {m: [x, y]}, metrics_path: /m, scheme: https}]", "ok"},
    {"scrape_configs: [{job_name: a, relabel_configs: [{source_labels: [__address__], target_label: x}]}]", "ok"},
    {"alerting: {alertmanagers: [{static_configs: [{targets: ['a:9093']}], path_prefix: /x}]}", "ok"},
    {"remote_write: [{url: 'http://h/w', name: a, queue_config: {capacity: 5}}, {url: 'http://h/w', name: b}]", "ok"},
    {"remote_write: [{url: 'http://h/w', sigv4: {region: x}}]", "ok"},
    {"remote_read: [{url: 'http://h/r', read_recent: true, required_matchers: {a: b}}]", "ok"},
    {"storage: {tsdb: {out_of_order_time_window: 30m}, exemplars: {max_exemplars: 5}}", "ok"},
    {"tracing: {endpoint: 'h:4317', sampling_fraction: 0.5}", "ok"},
    {"otlp: {promote_resource_attributes: [a.b], translation_strategy: NoTranslation}", "ok", false},
    {"runtime: {gogc: 50}", "ok", false},
    {"storage: {tsdb: {retention: {time: 30d, size: 1GB, percentage: 50}, chunk_encoding: {floats: xor2}}}", "ok", false},
    {"scrape_config_files: ['jobs/*.yml']", "ok", false},
    {"scrape_configs: [{job_name: a, scrape_protocols: [PrometheusText1.0.0]}]", "ok", false},

    {"scrape_configs: [{job_name: a, static_configs: [{targets: ['http://x/y']}], relabel_configs: [{source_labels: [__address__], target_label: __param_target}]}]", "ok"},
    {"scrape_configs: [{job_name: a, ecs_sd_configs: [{clusters: [c]}], msk_sd_configs: [{}], rds_sd_configs: [{}], elasticache_sd_configs: [{}]}]", "ok", false},
    {"remote_read: [{url: 'http://h', chunked_read_limit: 5}]\nremote_write: [{url: 'http://h', failed_request_logging: true}]", "ok", false},
    {"storage: {tsdb: {retention: {percentage: 12.5}}}", "ok", false},

    // The form.
    {"a: b: c", "1:5: mapping values are not allowed in this context"},
    {"- a", "1:1: expected a mapping"},
    {"globl: {}", "1:1: globl: unknown key"},
    {"global: {scrape_intervall: 5s}", "1:10: global.scrape_intervall: unknown key"},
    {"global: []", "1:9: global: expected a mapping, not a list"},
    {"rule_files: x", "1:13: rule_files: expected a list, not \"x\""},
    {"scrape_configs: [x]", "1:18: scrape_configs[0]: expected a mapping, not \"x\""},
    {"scrape_configs: [null]", "1:18: scrape_configs[0]: expected a mapping, not nothing"},
    {"scrape_configs: [{job_name: [a]}]", "1:29: scrape_configs[0].job_name: expected a text, not a list"},

    // Values.
    {"global: {scrape_interval: 15}", "1:27: global.scrape_interval: expected a duration such as 30s or 1h30m, not \"15\""},
    {"global: {scrape_interval: 1m, scrape_timeout: 2m}", "1:47: global.scrape_timeout: cannot be above scrape_interval, 1m"},
    {"scrape_configs: [{job_name: a, honor_labels: 'true'}]", "1:46: scrape_configs[0].honor_labels: expected true or false, not \"true\""},
    {"scrape_configs: [{job_name: a, sample_limit: -1}]", "1:46: scrape_configs[0].sample_limit: expected an integer from 0, not \"-1\""},
    {"scrape_configs: [{job_name: a, body_size_limit: 100}]", "1:49: scrape_configs[0].body_size_limit: expected a size with its unit such as 512MB, not \"100\""},
    {"scrape_configs: [{job_name: a, scheme: ftp}]", "1:40: scrape_configs[0].scheme: expected http or https, not \"ftp\"", false},
    {"scrape_configs: [{job_name: a, proxy_url: 'http://a b'}]", "1:43: scrape_configs[0].proxy_url: expected a URL such as http://host:9201/path, not \"http://a b\""},
    {"scrape_configs: [{job_name: a, scrape_protocols: [x]}]", "1:50: scrape_configs[0].scrape_protocols: expected PrometheusProto, OpenMetricsText1.0.0, OpenMetricsText0.0.1, PrometheusText1.0.0 or PrometheusText0.0.4, not \"x\""},
    {"scrape_configs: [{job_name: a, scrape_protocols: []}]", "1:50: scrape_configs[0].scrape_protocols: expected at least one protocol"},
    {"rule_files: ['a/*/b.yml']", "1:14: rule_files[0]: expected a path with * in its last part only, not \"a/*/b.yml\""},
    {"rule_files: ['a/**/b.yml', '**/b*.yml', 'a[12]/b?/*.yml']", "ok", false},
    {"rule_files: ['a/**/b*/c.yml']", "1:14: rule_files[0]: expected a path with * in its last part only, not \"a/**/b*/c.yml\""},
    {"rule_files: ['a[/*.yml']", "1:14: rule_files[0]: bad file name pattern \"a[/*.yml\"", false},
    {"scrape_config_files: ['a/**/b.yml']", "1:23: scrape_config_files[0]: expected a path with * in its last part only, not \"a/**/b.yml\""},
    {"rule_files: ['']", "1:14: rule_files[0]: expected the path of files, not \"\"", false},

    // Scraping.
    {"scrape_configs: [{}]", "1:18: scrape_configs[0].job_name: expected the job's name"},
    {"scrape_configs: [{job_name: a}, {job_name: a}]", "1:44: scrape_configs[1].job_name: a second job of the name \"a\""},
    {"scrape_configs: [{job_name: a, scrape_interval: 5s, scrape_timeout: 6s}]", "1:69: scrape_configs[0].scrape_timeout: cannot be above scrape_interval, 5s"},
    {"scrape_configs: [{job_name: a, static_configs: [{targets: ['http://x']}]}]", "1:59: scrape_configs[0].static_configs[0].targets: expected host:port, not \"http://x\""},
    {"scrape_configs: [{job_name: a, file_sd_configs: [{files: [x.txt]}]}]", "1:58: scrape_configs[0].file_sd_configs[0].files: expected files that end in .json, .yml or .yaml, not \"/etc/p/x.txt\""},
    {"scrape_configs: [{job_name: a, file_sd_configs: [{}]}]", "1:50: scrape_configs[0].file_sd_configs[0].files: expected at least one file"},
    {"scrape_configs: [{job_name: a, http_sd_configs: [{url: 'ftp://h/'}]}]", "1:56: scrape_configs[0].http_sd_configs[0].url: expected a URL of http or https"},
    {"scrape_configs: [{job_name: a, kubernetes_sd_configs: [{role: pot}]}]", "1:63: scrape_configs[0].kubernetes_sd_configs[0].role: expected endpoints, endpointslice, service, pod, node or ingress, not \"pot\""},
    {"scrape_configs: [{job_name: a, kubernetes_sd_configs: [{}]}]", "1:56: scrape_configs[0].kubernetes_sd_configs[0].role: is needed here"},
    {"scrape_configs: [{job_name: a, kubernetes_sd_configs: [{role: pod, namespaces: {nams: []}}]}]", "1:81: scrape_configs[0].kubernetes_sd_configs[0].namespaces.nams: unknown key"},
    {"scrape_configs: [{job_name: a, dns_sd_configs: [{names: []}]}]", "1:57: scrape_configs[0].dns_sd_configs[0].names: is needed here"},
    {"scrape_configs: [{job_name: a, foo_sd_configs: []}]", "1:32: scrape_configs[0].foo_sd_configs: unknown key"},
    {"global: {metric_name_validation_scheme: legacy}\nscrape_configs: [{job_name: a, metric_name_escaping_scheme: allow-utf-8}]",
     "2:61: scrape_configs[0].metric_name_escaping_scheme: allow-utf-8 cannot be asked for where names are legacy"},

    // Relabelling.
    {"scrape_configs: [{job_name: a, relabel_configs: [{regex: '('}]}]", "1:50: scrape_configs[0].relabel_configs[0]: replace needs a target_label\n1:58: scrape_configs[0].relabel_configs[0].regex: error parsing regexp: missing closing ): `(`"},
    {"scrape_configs: [{job_name: a, relabel_configs: [{action: kep}]}]", "1:50: scrape_configs[0].relabel_configs[0]: replace needs a target_label\n1:59: scrape_configs[0].relabel_configs[0].action: unknown relabel action \"kep\""},
    {"scrape_configs: [{job_name: a, metric_relabel_configs: [{action: hashmod, target_label: x}]}]", "1:57: scrape_configs[0].metric_relabel_configs[0]: hashmod needs a modulus above 0"},

    // Names of the legacy scheme.
    {"global: {metric_name_validation_scheme: legacy, external_labels: {a_1: x, a.b: y}}", "1:66: global.external_labels: expected a label name, not \"a.b\"", false},
    {"global: {external_labels: {a.b: x, '': y}}", "1:27: global.external_labels: expected a label name, not \"\"", false},
    {"global: {metric_name_validation_scheme: legacy}\nscrape_configs: [{job_name: a, relabel_configs: [{target_label: a.b}]}]", "2:49: scrape_configs[0].relabel_configs: rule 1: \"a.b\" is no label name, so no target_label of replace", false},
    {"scrape_configs: [{job_name: a, metric_name_validation_scheme: legacy, metric_relabel_configs: [{action: keep}, {action: labelmap, replacement: 'a.$1'}]}]", "1:95: scrape_configs[0].metric_relabel_configs: rule 2: \"a.$1\" is no label name, so no replacement of labelmap", false},
    {"scrape_configs: [{job_name: a, metric_name_validation_scheme: legacy, relabel_configs: [{target_label: 'x_${1}_$y'}]}, {job_name: b, relabel_configs: [{target_label: a.b}]}]", "ok", false},
    {"scrape_configs: [{job_name: a, metric_name_validation_scheme: legacy, relabel_configs: [{target_label: 'x_${1'}, {target_label: '$-'}]}]", "1:88: scrape_configs[0].relabel_configs: rule 1: \"x_${1\" is no label name, so no target_label of replace", false},
    {"global: {metric_name_validation_scheme: legacy}\nalerting: {alert_relabel_configs: [{target_label: a.b}]}", "2:11: alerting: rule 1: \"a.b\" is no label name, so no target_label of replace", false},
    {"global: {metric_name_validation_scheme: legacy}\nalerting: {alertmanagers: [{relabel_configs: [{target_label: a.b}]}]}", "2:11: alerting: rule 1: \"a.b\" is no label name, so no target_label of replace", false},
    {"global: {metric_name_validation_scheme: legacy}\nremote_write: [{url: 'http://h', write_relabel_configs: [{target_label: a.b}]}]", "2:15: remote_write: rule 1: \"a.b\" is no label name, so no target_label of replace", false},
    {"global: {metric_name_escaping_scheme: allow-utf-8}\nscrape_configs: [{job_name: a, metric_name_validation_scheme: legacy}]", "ok", false},

    // HTTP clients.
    {"scrape_configs: [{job_name: a, basic_auth: {username: a}, bearer_token: x}]", "1:73: scrape_configs[0].bearer_token: cannot stand next to basic_auth"},
    {"scrape_configs: [{job_name: a, basic_auth: {username: a}, authorization: {credentials: x}}]", "1:74: scrape_configs[0].authorization: cannot stand next to basic_auth"},
    {"scrape_configs: [{job_name: a, basic_auth: {password: a, password_file: b}}]", "1:73: scrape_configs[0].basic_auth.password_file: cannot stand next to password"},
    {"scrape_configs: [{job_name: a, authorization: {type: Basic}}]", "1:54: scrape_configs[0].authorization.type: Basic is what basic_auth is for"},
    {"scrape_configs: [{job_name: a, authorization: {credentials: a, credentials_file: b}}]", "1:82: scrape_configs[0].authorization.credentials_file: cannot stand next to credentials"},
    {"scrape_configs: [{job_name: a, tls_config: {min_version: SSL3}}]", "1:58: scrape_configs[0].tls_config.min_version: expected TLS10, TLS11, TLS12 or TLS13, not \"SSL3\""},
    {"scrape_configs: [{job_name: a, tls_config: {cert_file: a}}]", "1:44: scrape_configs[0].tls_config: a client certificate needs its key or key_file"},
    {"scrape_configs: [{job_name: a, oauth2: {client_id: x}}]", "1:40: scrape_configs[0].oauth2.token_url: expected the URL that gives tokens"},
    {"scrape_configs: [{job_name: a, no_proxy: x}]", "1:42: scrape_configs[0].no_proxy: needs a proxy_url"},

    // The rest.
    {"alerting: {alertmanagers: [{api_version: v1}]}", "1:42: alerting.alertmanagers[0].api_version: expected v2, not \"v1\"", false},
    {"alerting: {alertmanagers: [{static_configs: [{targets: ['http://x']}]}]}", "1:56: alerting.alertmanagers[0].static_configs[0].targets: expected host:port, not \"http://x\""},
    {"remote_write: [{}]", "1:16: remote_write[0].url: expected the URL to write to"},
    {"remote_write: [{url: localhost}]", "1:22: remote_write[0].url: expected a URL such as http://host:9201/path, not \"localhost\"", false},
    {"remote_write: [{url: 'http://h', name: a}, {url: 'http://h', name: a}]", "1:68: remote_write[1].name: a second one of the name \"a\""},
    {"remote_write: [{url: 'http://h', headers: {Authorization: x}}]", "1:43: remote_write[0].headers: the header Authorization cannot be set here"},
    {"remote_write: [{url: 'http://h', sigv4: {}, basic_auth: {username: a}}]", "1:41: remote_write[0].sigv4: cannot stand next to basic_auth"},
    {"remote_read: [{url: ''}]", "1:21: remote_read[0].url: expected a URL such as http://host:9201/path, not \"\"", false},
    {"tracing: {}", "1:10: tracing.endpoint: expected host:port"},
    {"tracing: {endpoint: x, sampling_fraction: 2}", "1:43: tracing.sampling_fraction: expected a number from 0 to 1", false},
    {"otlp: {promote_resource_attributes: [a, a]}", "1:37: otlp.promote_resource_attributes: \"a\" twice"},
    {"otlp: {promote_resource_attributes: [a], promote_all_resource_attributes: true}", "1:37: otlp.promote_resource_attributes: cannot stand next to promote_all_resource_attributes"},
    {"otlp: {ignore_resource_attributes: [a]}", "1:36: otlp.ignore_resource_attributes: needs promote_all_resource_attributes"},
    {"storage: {tsdb: {retention: {percentage: 101}}}", "1:42: storage.tsdb.retention.percentage: expected a number from 0 to 100"},
    {"storage: {tsdb: {retention: {percentage: 0.5}}}", "ok", false},
    {"remote_write: [{url: 'http://h', queue_config: {capacity: 0, max_samples_per_send: 0}}]",
     "1:59: remote_write[0].queue_config.capacity: cannot be 0\n1:84: remote_write[0].queue_config.max_samples_per_send: cannot be 0", false},
    {"remote_write: [{url: 'http://h', queue_config: {min_shards: 7, max_shards: 5}}]", "1:61: remote_write[0].queue_config.min_shards: cannot be above max_shards, 5", false},
    {"remote_write: [{url: 'http://h', queue_config: {min_backoff: 10s, max_backoff: 1s}}]", "1:80: remote_write[0].queue_config.max_backoff: cannot be below min_backoff, 10s", false},
    {"tracing: {endpoint: x, headers: {Authorization: y}}", "1:33: tracing.headers: the header Authorization cannot be set here"},

    // Every other text.
    {"scrape_configs: [{job_name: a, basic_auth: {username: u, password_file: []}}]", "1:73: scrape_configs[0].basic_auth.password_file: expected the path of a file, not a list"},
    {"scrape_configs: [{job_name: a, metric_relabel_configs: [{action: keep, regex: []}]}]", "1:79: scrape_configs[0].metric_relabel_configs[0].regex: expected a regular expression, not a list"},
    {"scrape_configs: [{job_name: a, relabel_configs: [{source_labels: [''], target_label: x}]}]", "1:67: scrape_configs[0].relabel_configs[0].source_labels[0]: expected a label name, not \"\""},
    {"scrape_configs: [{job_name: a, relabel_configs: [{action: hashmod, target_label: x, modulus: -1}]}]", "1:50: scrape_configs[0].relabel_configs[0]: hashmod needs a modulus above 0\n1:94: scrape_configs[0].relabel_configs[0].modulus: expected an integer from 0, not \"-1\""},
    {"scrape_configs: [{job_name: a, native_histogram_min_bucket_factor: x}]", "1:68: scrape_configs[0].native_histogram_min_bucket_factor: expected a number, not \"x\""},
    {"runtime: {gogc: many}", "1:17: runtime.gogc: expected an integer, not \"many\""},
    {"scrape_configs: [{job_name: a, tls_config: {key_file: a}}]", "1:44: scrape_configs[0].tls_config: a client key needs its cert or cert_file"},
    {"scrape_configs: [{job_name: a, tls_config: {min_version: TLS13, max_version: TLS12}}]", "1:58: scrape_configs[0].tls_config.min_version: cannot be above max_version", false},
    {"scrape_configs: [{job_name: a, proxy_url: 'http://h', proxy_from_environment: true}]", "1:43: scrape_configs[0].proxy_url: cannot stand next to proxy_from_environment"},
    {"scrape_configs: [{job_name: a, no_proxy: x, proxy_from_environment: true}]", "1:42: scrape_configs[0].no_proxy: cannot stand next to proxy_from_environment"},
    {"scrape_configs: [{job_name: a, proxy_connect_header: {a: [b]}}]", "1:54: scrape_configs[0].proxy_connect_header: needs a proxy_url"},
    {"scrape_configs: [{job_name: a, oauth2: {token_url: 'http://t'}}]", "1:40: scrape_configs[0].oauth2.client_id: expected the client's id"},
    {"scrape_configs: [{job_name: a, oauth2: {client_id: i, token_url: 'http://t', client_secret: a, client_secret_file: b}}]", "1:116: scrape_configs[0].oauth2.client_secret_file: cannot stand next to client_secret"},
    {"scrape_configs: [{job_name: a, oauth2: {client_id: i, token_url: 'http://t', grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer'}}]", "1:40: scrape_configs[0].oauth2: this grant_type needs client_certificate_key or client_certificate_key_file"},
    {"scrape_configs: [{job_name: a, http_headers: {Host: {values: [x]}}}]", "1:46: scrape_configs[0].http_headers: the header Host cannot be set here"},
    {"scrape_configs: [{job_name: a, static_configs: [{targets: [a], labels: {'': x}}]}]", "1:72: scrape_configs[0].static_configs[0].labels: expected a label name, not \"\""},
    {"scrape_configs: [{job_name: a, relabel_configs: [{action: lowercase, target_label: x, replacement: y}]}]", "1:50: scrape_configs[0].relabel_configs[0]: lowercase takes no replacement"},
    {"scrape_configs: [{job_name: a, relabel_configs: [{action: keepequal, target_label: x, regex: y}]}]", "1:50: scrape_configs[0].relabel_configs[0]: keepequal takes source_labels and target_label and nothing else"},
    {"scrape_configs: [{job_name: a, relabel_configs: [{action: labeldrop, target_label: x}]}]", "1:50: scrape_configs[0].relabel_configs[0]: labeldrop takes a regex and nothing else"},
    {"scrape_configs: [{job_name: a, relabel_configs: [{action: labelmap, replacement: ''}]}]", "1:50: scrape_configs[0].relabel_configs[0]: \"\" is no label name, so no replacement of labelmap"},
    {"otlp: {promote_resource_attributes: ['']}", "1:37: otlp.promote_resource_attributes: expected the name of an attribute, not \"\""},
    {"global: {metric_name_validation_scheme: legacy}\notlp: {translation_strategy: NoTranslation}", "2:7: otlp: this translation_strategy needs metric_name_validation_scheme utf8"},
    {"storage: {tsdb: {stale_series_compaction_threshold: 2}}", "1:53: storage.tsdb.stale_series_compaction_threshold: expected a number from 0 to 1"},
    {"storage: {tsdb: {retention: {size: -1}}}", "1:36: storage.tsdb.retention.size: expected a size with its unit such as 512MB, not \"-1\""},
    {"remote_write: [{url: 'http://h', sigv4: {access_key: a}}]", "1:41: remote_write[0].sigv4: access_key and secret_key go together"},
    {"remote_write: [{url: 'http://h', sigv4: {external_id: a}}]", "1:55: remote_write[0].sigv4.external_id: needs a role_arn"},
    {"remote_write: [{url: 'http://h', azuread: {}}]", "1:43: remote_write[0].azuread: expected managed_identity, workload_identity, oauth, certificate or sdk"},
    {"remote_write: [{url: 'http://h', azuread: {managed_identity: {client_id: x}, sdk: {}}}]", "1:83: remote_write[0].azuread.sdk: cannot stand next to managed_identity"},
    {"remote_write: [{url: 'http://h', azuread: {oauth: {tenant_id: 11111111-1111-1111-1111-111111111111}}}]", "1:51: remote_write[0].azuread.oauth.client_id: expected the client's id\n1:51: remote_write[0].azuread.oauth.client_secret: expected the client's secret"},
    {"remote_write: [{url: 'http://h', azuread: {oauth: {client_id: 11111111-1111-1111-1111-111111111111, client_secret: x}}}]", "1:51: remote_write[0].azuread.oauth.tenant_id: expected the tenant's id"},
    {"remote_write: [{url: 'http://h', azuread: {certificate: {client_id: 11111111-1111-1111-1111-111111111111, tenant_id: 11111111-1111-1111-1111-111111111111}}}]", "1:57: remote_write[0].azuread.certificate.certificate_path: expected the certificate's file"},
    {"remote_read: [{}]", "1:15: remote_read[0].url: expected the URL to read from"},
    {"scrape_configs: [{job_name: a, docker_sd_configs: [{host: h, port: x}]}]", "1:68: scrape_configs[0].docker_sd_configs[0].port: expected an integer, not \"x\""},
    {"scrape_configs: [{job_name: a, gce_sd_configs: [{project: p, zone: z, refresh_interval: x}]}]", "1:89: scrape_configs[0].gce_sd_configs[0].refresh_interval: expected a duration such as 30s or 1h30m, not \"x\""},
    {"scrape_configs: [{job_name: a, uyuni_sd_configs: [{server: h, username: u, password: p}]}]", "1:60: scrape_configs[0].uyuni_sd_configs[0].server: expected a URL such as http://host:9201/path, not \"h\"", false},
};
// clang-format on

TEST(PrometheusConfig, TakesWhatPrometheusTakesAndSaysWhatIsWrongElse) {
  for (const Case& c : kCases) EXPECT_EQ(verdict(c.yaml), c.want) << c.yaml;
}

TEST(PrometheusConfig, PrintsWhatItReadsAgain) {
  for (const Case& c : kCases) {
    const Result<PrometheusConfig> config = parse_config(c.yaml, "/etc/p/p.yml", no_variable);
    if (!config) continue;
    const std::string printed = print_config(*config);
    const Result<PrometheusConfig> again = parse_config(printed, "/etc/p/p.yml", no_variable);
    ASSERT_TRUE(again) << c.yaml << '\n' << printed << again.error().message;
    EXPECT_EQ(print_config(*again), printed) << c.yaml;
  }
}

TEST(PrometheusConfig, ShowsDefaultsAsPrometheusDoes) {
  const std::string_view yaml =
      "scrape_configs:\n"
      "  - job_name: node\n"
      "    static_configs: [{targets: ['localhost:9100'], labels: {b: x, a: 'true'}}]\n"
      "    authorization: {credentials: s3cret}\n"
      "    relabel_configs: [{source_labels: [__address__, job], target_label: instance}]\n"
      "rule_files: [rules/*.yml, /abs.yml]\n"
      "alerting: {alertmanagers: [{static_configs: [{targets: [am:9093]}]}]}\n";
  const std::string_view want =
      "global:\n"
      "  scrape_interval: 1m\n"
      "  scrape_timeout: 10s\n"
      "  evaluation_interval: 1m\n"
      "  metric_name_validation_scheme: utf8\n"
      "  metric_name_escaping_scheme: allow-utf-8\n"
      "  scrape_native_histograms: false\n"
      "  extra_scrape_metrics: false\n"
      "runtime:\n"
      "  gogc: 75\n"
      "alerting:\n"
      "  alertmanagers:\n"
      "  - follow_redirects: true\n"
      "    enable_http2: true\n"
      "    scheme: http\n"
      "    timeout: 10s\n"
      "    api_version: v2\n"
      "    static_configs:\n"
      "    - targets:\n"
      "      - am:9093\n"
      "rule_files:\n"
      "- /etc/p/rules/*.yml\n"
      "- /abs.yml\n"
      "scrape_configs:\n"
      "- job_name: node\n"
      "  honor_timestamps: true\n"
      "  track_timestamps_staleness: false\n"
      "  scrape_interval: 1m\n"
      "  scrape_timeout: 10s\n"
      "  scrape_protocols:\n"
      "  - OpenMetricsText1.0.0\n"
      "  - OpenMetricsText0.0.1\n"
      "  - PrometheusText1.0.0\n"
      "  - PrometheusText0.0.4\n"
      "  scrape_native_histograms: false\n"
      "  always_scrape_classic_histograms: false\n"
      "  convert_classic_histograms_to_nhcb: false\n"
      "  metrics_path: /metrics\n"
      "  scheme: http\n"
      "  enable_compression: true\n"
      "  metric_name_validation_scheme: utf8\n"
      "  metric_name_escaping_scheme: allow-utf-8\n"
      "  extra_scrape_metrics: false\n"
      "  authorization:\n"
      "    type: Bearer\n"
      "    credentials: <secret>\n"
      "  follow_redirects: true\n"
      "  enable_http2: true\n"
      "  relabel_configs:\n"
      "  - source_labels: [__address__, job]\n"
      "    separator: ;\n"
      "    regex: (.*)\n"
      "    target_label: instance\n"
      "    replacement: $1\n"
      "    action: replace\n"
      "  static_configs:\n"
      "  - targets:\n"
      "    - localhost:9100\n"
      "    labels:\n"
      "      a: \"true\"\n"
      "      b: x\n"
      "otlp:\n"
      "  translation_strategy: UnderscoreEscapingWithSuffixes\n"
      "  label_name_underscore_sanitization: true\n"
      "  label_name_preserve_multiple_underscores: true\n";
  const Result<PrometheusConfig> config = parse_config(yaml, "/etc/p/p.yml", no_variable);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(print_config(*config), want);
}

TEST(PrometheusConfig, GivesJobsWhatTheyDoNotSay) {
  const Result<PrometheusConfig> config = parse_config(
      "global: {scrape_interval: 30s, scrape_timeout: 20s, sample_limit: 7, label_limit: 5}\n"
      "scrape_configs:\n"
      "- {job_name: a}\n"
      "- {job_name: b, scrape_interval: 5s, sample_limit: 9, scrape_native_histograms: true}\n",
      "p.yml", no_variable);
  ASSERT_TRUE(config) << config.error().message;
  const ScrapeConfig& a = config->scrape_configs[0];
  const ScrapeConfig& b = config->scrape_configs[1];
  EXPECT_EQ(a.scrape_interval, 30'000);
  EXPECT_EQ(a.scrape_timeout, 20'000);
  EXPECT_EQ(a.limits.sample_limit, 7U);
  EXPECT_EQ(a.scrape_protocols, default_scrape_protocols(false));
  EXPECT_EQ(b.scrape_timeout, 5'000) << "a timeout inherited is never above the interval";
  EXPECT_EQ(b.limits.sample_limit, 9U);
  EXPECT_EQ(b.limits.label_limit, 5U);
  EXPECT_EQ(b.scrape_protocols, default_scrape_protocols(true));
}

TEST(PrometheusConfig, ExpandsVariablesInExternalLabelsOnly) {
  const auto environment = [](const std::string& name) -> std::string {
    return name == "HOST" ? "h1" : name == "1" ? "one" : "";
  };
  struct Label {
    std::string_view text, want;
  };
  constexpr Label cases[] = {
      {"$HOST", "h1"}, {"${HOST}x", "h1x"}, {"$HOSTx", ""},    {"$$HOST", "$HOST"},
      {"a$", "a$"},    {"$-b", "b"},        {"a$ b", "a$ b"},  {"${HOST", "HOST"},
      {"$1x", "onex"}, {"${}x", "x"},       {"$NONE-x", "-x"}, {"é$HOST", "éh1"},
  };
  for (const auto& [text, want] : cases)
    EXPECT_EQ(expand_variables(text, environment), want) << text;
  const Result<PrometheusConfig> config =
      parse_config("global: {external_labels: {host: $HOST}}\nscrape_configs: [{job_name: $HOST}]",
                   "p.yml", environment);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->global.external_labels.at("host"), "h1");
  EXPECT_EQ(config->scrape_configs[0].job_name, "$HOST");
}

TEST(PrometheusConfig, JoinsPathsToTheFolderOfTheFile) {
  const Result<PrometheusConfig> config = parse_config(
      "rule_files: [a.yml]\n"
      "scrape_configs:\n"
      "- job_name: a\n"
      "  basic_auth: {username: u, password_file: ../x}\n"
      "  tls_config: {ca_file: /ca}\n"
      "  file_sd_configs: [{files: [t/*.json]}]\n",
      "/etc/p/p.yml", no_variable);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->rule_files[0], "/etc/p/a.yml");
  EXPECT_EQ(config->scrape_configs[0].http.basic_auth->password_file, "/etc/x");
  EXPECT_EQ(config->scrape_configs[0].http.tls.ca_file, "/ca");
  EXPECT_EQ(config->scrape_configs[0].discoveries.files[0].files[0], "/etc/p/t/*.json");
}

TEST(PrometheusConfig, TellsAtMostTwentyProblemsInTheOrderOfTheFile) {
  std::string yaml = "rule_files:\n";
  for (int i = 0; i < 25; ++i) yaml += "- []\n";
  const std::string text = verdict(yaml);
  EXPECT_TRUE(text.starts_with("2:3: rule_files[0]: ")) << text;
  EXPECT_TRUE(text.ends_with("\nand 5 more")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 20);
}

void write(FileSystem& files, const std::string& path, std::string_view text) {
  ASSERT_TRUE(files.create_directories(std::filesystem::path(path).parent_path()));
  Result<std::unique_ptr<File>> file = files.create(path);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(std::as_bytes(std::span(text.data(), text.size()))));
}

TEST(PrometheusConfig, ReadsScrapeConfigFilesToo) {
  testing::MemoryFileSystem files;
  write(files, "/c/p.yml",
        "global: {scrape_interval: 5s}\nscrape_config_files: [jobs/*.yml, none/*.yml]\n"
        "scrape_configs: [{job_name: a}]\n");
  write(files, "/c/jobs/1.yml",
        "scrape_configs: [{job_name: b, file_sd_configs: [{files: [t.yml]}]}]");
  write(files, "/c/jobs/1.txt", "nothing of ours");
  const Result<PrometheusConfig> config = load_config(files, "/c/p.yml", no_variable);
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->included_scrape_configs.size(), 1U);
  EXPECT_EQ(config->included_scrape_configs[0].scrape_interval, 5'000);
  EXPECT_EQ(config->included_scrape_configs[0].discoveries.files[0].files[0], "/c/jobs/t.yml");

  write(files, "/c/jobs/2.yml", "scrape_configs:\n- job_name: a\nglobal: {}\n");
  EXPECT_EQ(load_config(files, "/c/p.yml", no_variable).error().message,
            "/c/jobs/2.yml:2:13: scrape_configs[0].job_name: a second job of the name \"a\"\n"
            "/c/jobs/2.yml:3:1: global: unknown key");
  EXPECT_EQ(load_config(files, "/c/none.yml", no_variable).error().code, ErrorCode::kNotFound);
}

TEST(PrometheusConfig, NamesWhatIsNotBuilt) {
  const auto of = [](std::string_view yaml) {
    const Result<PrometheusConfig> config = parse_config(yaml, "p.yml", no_variable);
    std::string text = config ? "" : config.error().message;
    if (config)
      for (const NotBuilt& part : not_built(*config))
        text += (part.refused ? "refused " : "ignored ") + part.path + "\n";
    return text;
  };
  EXPECT_EQ(of("rule_files: [a.yml]"), "");
  EXPECT_EQ(of("scrape_configs: [{job_name: a, dns_sd_configs: [{names: [x]}]}]"),
            "refused scrape_configs[0].dns_sd_configs\n");
  EXPECT_EQ(of("alerting: {alertmanagers: [{eureka_sd_configs: [{server: 'http://x'}]}]}"),
            "refused alerting.alertmanagers[0].eureka_sd_configs\n");
  EXPECT_EQ(of("remote_write: [{url: 'http://h'}]\nremote_read: [{url: 'http://h'}]"),
            "refused remote_write\nrefused remote_read\n");
  EXPECT_EQ(of("tracing: {endpoint: x}\notlp: {promote_scope_metadata: true}\n"
               "storage: {exemplars: {}}\nruntime: {gogc: 50}"),
            "ignored runtime.gogc\nignored storage.exemplars\nignored tracing\nignored otlp\n");
  EXPECT_EQ(of("global: {query_log_file: a, scrape_failure_log_file: b}"),
            "ignored global.query_log_file\n");
  EXPECT_EQ(
      of("scrape_configs: [{job_name: a, scrape_native_histograms: true,\n"
         "  convert_classic_histograms_to_nhcb: true, always_scrape_classic_histograms: true}]"),
      "ignored scrape_configs[0].scrape_native_histograms\n"
      "ignored scrape_configs[0].convert_classic_histograms_to_nhcb\n");
  EXPECT_EQ(of("storage: {tsdb: {retention: {time: 1d, size: 1GB, percentage: 3}}}"),
            "refused storage.tsdb.retention.size\nrefused storage.tsdb.retention.percentage\n");
  EXPECT_EQ(of("storage: {tsdb: {retention: {size: 0, percentage: 0}}}"), "");
  EXPECT_EQ(of("storage: {tsdb: {out_of_order_time_window: 1h, chunk_encoding: {floats: xor},\n"
               "                 stale_series_compaction_threshold: 0.5}}"),
            "ignored storage.tsdb.out_of_order_time_window\n"
            "ignored storage.tsdb.stale_series_compaction_threshold\n"
            "ignored storage.tsdb.chunk_encoding\n");
  EXPECT_EQ(
      of("alerting: {alertmanagers: [{sigv4: {region: r}}, {oauth2: {client_id: i,\n"
         "  token_url: 'http://t', grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',\n"
         "  client_certificate_key: k}}]}"),
      "refused alerting.alertmanagers[0].sigv4\n"
      "refused alerting.alertmanagers[1].oauth2.grant_type\n");
}

TEST(PrometheusConfig, SaysWhatToDoWithoutWhatIsNotBuilt) {
  const std::string_view yaml =
      "global: {query_log_file: a}\n"
      "runtime: {gogc: 5}\n"
      "alerting: {alertmanagers: [{sigv4: {}, http_sd_configs: [{url: 'http://h', oauth2: {\n"
      "  client_id: i, token_url: 'http://t', client_certificate_key: k,\n"
      "  grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer'}}]}]}\n"
      "scrape_configs: [{job_name: a, dns_sd_configs: [{names: [x]}],\n"
      "  scrape_native_histograms: true, convert_classic_histograms_to_nhcb: true}]\n"
      "storage:\n"
      "  tsdb: {out_of_order_time_window: 1h, stale_series_compaction_threshold: 0.5,\n"
      "         chunk_encoding: {floats: xor}, retention: {size: 1GB, percentage: 5}}\n"
      "  exemplars: {}\n"
      "tracing: {endpoint: x}\n"
      "remote_write: [{url: 'http://h'}]\n"
      "remote_read: [{url: 'http://h'}]\n"
      "otlp: {promote_scope_metadata: true}\n";
  constexpr const char* kWant[] = {
      "this server writes no log of queries",
      "there is no garbage collector",
      "signing requests is not built",
      "tokens by JWT are not built",
      "native histograms are not built; targets are asked for classic ones",
      "native histograms are not built; classic ones are stored as they are",
      ("this discovery is not built; http_sd_configs is the bridge to it: a small server that "
       "lists "
       "the targets as JSON"),
      "late samples are taken as long as samples are kept, whatever their age",
      "stale series leave the memory with the others",
      "there is one encoding, and it is not Prometheus's",
      "retention by size is not built yet, and the disk would fill up",
      "retention by size is not built yet, and the disk would fill up",
      "this server keeps no exemplars",
      "this server exports no traces",
      "sending samples to another server is not built",
      "reading from another server is not built",
      "this server takes no OTLP",
  };
  const Result<PrometheusConfig> config = parse_config(yaml, "p.yml", no_variable);
  ASSERT_TRUE(config) << config.error().message;
  const std::vector<NotBuilt> parts = not_built(*config);
  ASSERT_EQ(parts.size(), std::size(kWant));
  for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_EQ(parts[i].message, kWant[i]);

  PrometheusConfig included;
  included.included_scrape_configs = config->scrape_configs;
  EXPECT_EQ(not_built(included).at(2).path, "scrape_configs of job \"a\".dns_sd_configs");
}

TEST(PrometheusConfig, FindsTheFilesThatItNames) {
  testing::MemoryFileSystem files;
  for (const char* path : {"/c/a.yml", "/c/r/b.yml", "/c/r/x/c.yml"}) write(files, path, "");
  const Result<PrometheusConfig> config = parse_config(
      "rule_files: [r/**/*.yml, a.yml, none.yml, '*.yml']\nscrape_config_files: [s*.yml]",
      "/c/p.yml", no_variable);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(files_matching(files, config->rule_files).value(),
            (std::vector<std::string>{"/c/r/b.yml", "/c/r/x/c.yml", "/c/a.yml"}));
  EXPECT_EQ(
      notices(files, *config),
      (std::vector<std::string>{"rule_files: \"/c/r/**/*.yml\" has `**`, which Prometheus refuses",
                                "rule_files: there is no file \"/c/none.yml\"",
                                "scrape_config_files: there is no file \"/c/s*.yml\""}));
}

}  // namespace
}  // namespace silverback::config
