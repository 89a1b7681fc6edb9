#include "config/discovery_tables.h"

#include <array>

namespace silverback::config {
namespace {

using Line = DiscoveryLine;
using F = DiscoveryField;

constexpr Line text(std::string_view name, std::string_view value = {}) {
  return {name, F::kTextField, value};
}
constexpr Line needed(std::string_view name) { return {name, F::kTextField, {}, {}, true}; }
constexpr Line one_of(std::string_view name, std::string_view value, std::string_view words) {
  return {name, F::kTextField, value, words, value.empty()};
}
constexpr Line secret(std::string_view name, std::string_view excludes = {}) {
  return {name, F::kSecretField, {}, {}, false, excludes};
}
constexpr Line needed_secret(std::string_view name) {
  return {name, F::kSecretField, {}, {}, true};
}
constexpr Line path(std::string_view name) { return {name, F::kPathField}; }
constexpr Line url(std::string_view name, std::string_view excludes = {}) {
  return {name, F::kUrlField, {}, {}, false, excludes};
}
constexpr Line needed_url(std::string_view name) { return {name, F::kUrlField, {}, {}, true}; }
constexpr Line flag(std::string_view name, std::string_view value = "false") {
  return {name, F::kFlagField, value};
}
constexpr Line number(std::string_view name, std::string_view value) {
  return {name, F::kNumberField, value};
}
constexpr Line duration(std::string_view name, std::string_view value) {
  return {name, F::kDurationField, value};
}
constexpr Line texts(std::string_view name) { return {name, F::kTextsField}; }
constexpr Line needed_texts(std::string_view name) { return {name, F::kTextsField, {}, {}, true}; }
constexpr Line text_map(std::string_view name) { return {name, F::kTextMapField}; }
constexpr Line section(std::string_view name, const DiscoveryTable& table) {
  return {name, F::kSectionField, {}, {}, false, {}, &table};
}
constexpr Line sections(std::string_view name, const DiscoveryTable& table) {
  return {name, F::kSectionsField, {}, {}, false, {}, &table};
}
constexpr Line kHttp = {"", F::kHttpField};
constexpr Line kTls = {"tls_config", F::kTlsField};
constexpr Line kPort80 = number("port", "80");
constexpr Line kEveryMinute = duration("refresh_interval", "1m");
constexpr Line kTagSeparator = text("tag_separator", ",");

// clang-format off
constexpr Line kFilterLines[] = {needed("name"), needed_texts("values")};
constexpr DiscoveryTable kFilter = {"", kFilterLines};

constexpr Line kAws[] = {
    one_of("role", "", "ec2 lightsail ecs msk elasticache rds"),
    text("region"), text("endpoint"), text("access_key"), secret("secret_key"), text("profile"),
    text("role_arn"), text("external_id"), kEveryMinute, kPort80, sections("filters", kFilter),
    texts("clusters"), kHttp};
constexpr Line kAwsClusters[] = {  // Elasticache and MSK
    text("region"), text("endpoint"), text("access_key"), secret("secret_key"), text("profile"),
    text("role_arn"), text("external_id"), texts("clusters"), kPort80, kEveryMinute,
    number("request_concurrency", "10"), kHttp};
constexpr Line kAzure[] = {
    text("environment", "AzurePublicCloud"),
    one_of("authentication_method", "OAuth", "OAuth ManagedIdentity SDK WorkloadIdentity"),
    needed("subscription_id"), text("tenant_id"), text("client_id"), secret("client_secret"),
    text("resource_group"), duration("refresh_interval", "5m"), kPort80, kHttp};
constexpr Line kConsul[] = {
    text("server", "localhost:8500"), text("path_prefix"), secret("token"), text("datacenter"),
    text("namespace"), text("partition"), text("scheme", "http"), text("username"),
    secret("password"), texts("services"), text("filter"), text("health_filter"), texts("tags"),
    text_map("node_meta"), kTagSeparator, flag("allow_stale", "true"),
    duration("refresh_interval", "30s"), kHttp};
constexpr Line kDigitalOcean[] = {
    one_of("role", "droplets", "droplets databases"), kPort80, kEveryMinute, kHttp};
constexpr Line kDns[] = {
    needed_texts("names"), one_of("type", "SRV", "SRV A AAAA MX NS"), number("port", "0"),
    duration("refresh_interval", "30s")};
constexpr Line kDocker[] = {
    needed("host"), kPort80, text("host_networking_host", "localhost"),
    flag("match_first_network", "true"), sections("filters", kFilter), kEveryMinute, kHttp};
constexpr Line kDockerSwarm[] = {
    needed("host"), one_of("role", "", "services tasks nodes"), kPort80,
    sections("filters", kFilter), kEveryMinute, kHttp};
constexpr Line kEcs[] = {
    text("region"), text("endpoint"), text("access_key"), secret("secret_key"), text("profile"),
    text("role_arn"), text("external_id"), texts("clusters"), kPort80, kEveryMinute,
    number("request_concurrency", "20"), kHttp};
constexpr Line kRds[] = {
    text("region"), text("endpoint"), text("access_key"), secret("secret_key"), text("profile"),
    text("role_arn"), text("external_id"), texts("clusters"), kPort80, kEveryMinute,
    sections("filters", kFilter), number("request_concurrency", "10"), kHttp};
constexpr Line kEc2[] = {
    text("region"), text("endpoint"), text("access_key"), secret("secret_key"), text("profile"),
    text("role_arn"), text("external_id"), kEveryMinute, kPort80, sections("filters", kFilter),
    kHttp};
constexpr Line kEureka[] = {
    needed_url("server"), duration("refresh_interval", "30s"), kHttp};
constexpr Line kGce[] = {
    needed("project"), needed("zone"), text("filter"), kEveryMinute, kPort80, kTagSeparator};
constexpr Line kHetzner[] = {
    one_of("role", "", "robot hcloud"), kPort80, kEveryMinute, text("label_selector"), kHttp};
constexpr Line kIonos[] = {needed("datacenter_id"), kPort80, kEveryMinute, kHttp};

constexpr Line kNamespacesLines[] = {flag("own_namespace"), texts("names")};
constexpr DiscoveryTable kNamespaces = {"", kNamespacesLines};
constexpr Line kSelectorLines[] = {
    one_of("role", "", "endpoints endpointslice service pod node ingress"), text("label"),
    text("field")};
constexpr DiscoveryTable kSelector = {"", kSelectorLines};
constexpr Line kAttachLines[] = {
    flag("node"), flag("namespace"), flag("deployment"), flag("job"), flag("cronjob")};
constexpr DiscoveryTable kAttach = {"", kAttachLines};
constexpr Line kKubernetes[] = {
    url("api_server", "kubeconfig_file"),
    one_of("role", "", "endpoints endpointslice service pod node ingress"),
    path("kubeconfig_file"), kHttp, section("namespaces", kNamespaces),
    sections("selectors", kSelector), section("attach_metadata", kAttach)};

constexpr Line kKuma[] = {
    needed_url("server"), text("client_id"), duration("refresh_interval", "30s"),
    duration("fetch_timeout", "2m"), kHttp};
constexpr Line kLightsail[] = {
    text("region"), text("endpoint"), text("access_key"), secret("secret_key"), text("profile"),
    text("role_arn"), text("external_id"), kEveryMinute, kPort80, kHttp};
constexpr Line kLinode[] = {text("region"), kPort80, kTagSeparator, kEveryMinute, kHttp};
constexpr Line kMarathon[] = {
    needed_texts("servers"), duration("refresh_interval", "30s"),
    secret("auth_token", "auth_token_file"), path("auth_token_file"), kHttp};
constexpr Line kNerve[] = {
    needed_texts("servers"), needed_texts("paths"), duration("timeout", "10s")};
constexpr Line kNomad[] = {
    flag("allow_stale", "true"), text("namespace", "default"), kEveryMinute,
    text("region", "global"), text("server", "http://localhost:4646"), kTagSeparator, kHttp};
constexpr Line kOci[] = {
    text("auth", "api_key"), text("tenancy"), text("user"), text("fingerprint"), path("key_file"),
    secret("key_passphrase", "key_passphrase_file"), path("key_passphrase_file"),
    needed("region"), texts("compartments"), kHttp, kPort80, kEveryMinute};
constexpr Line kOpenStack[] = {
    one_of("role", "", "hypervisor instance loadbalancer"), needed("region"),
    text("identity_endpoint"), text("username"), text("userid"), secret("password"),
    {"domain_name", F::kTextField, {}, {}, false, "domain_id"}, text("domain_id"),
    text("project_name"), text("project_id"), text("application_credential_name"),
    text("application_credential_id"), secret("application_credential_secret"),
    flag("all_tenants"), kEveryMinute, kPort80,
    one_of("availability", "public", "public admin internal"), kTls};
constexpr Line kOutscale[] = {
    text("region", "eu-west-2"), needed("access_key"), secret("secret_key", "secret_key_file"),
    path("secret_key_file"), text("endpoint"), kPort80, kEveryMinute, kHttp};
constexpr Line kOvhCloud[] = {
    needed("application_key"), needed_secret("application_secret"), needed_secret("consumer_key"),
    one_of("service", "", "vps dedicated_server"), text("endpoint", "ovh-eu"), kEveryMinute};
constexpr Line kPuppetDb[] = {
    needed_url("url"), needed("query"), flag("include_parameters"), kEveryMinute, kPort80, kHttp};
constexpr Line kScaleway[] = {
    needed("access_key"), secret("secret_key", "secret_key_file"), path("secret_key_file"),
    needed("project_id"), one_of("role", "", "instance baremetal"), kPort80,
    text("api_url", "https://api.scaleway.com"), text("zone", "fr-par-1"), text("name_filter"),
    texts("tags_filter"), kEveryMinute, kHttp};
constexpr Line kServerset[] = {
    needed_texts("servers"), needed_texts("paths"), duration("timeout", "10s")};
constexpr Line kStackit[] = {
    needed("project"), text("region", "eu01"), text("endpoint"), kPort80, secret("private_key"),
    path("private_key_path"), secret("service_account_key"), path("service_account_key_path"),
    path("credentials_file_path"), kEveryMinute, kHttp};
constexpr Line kTriton[] = {
    needed("account"), one_of("role", "container", "container cn"), needed("dns_suffix"),
    needed("endpoint"), texts("groups"), number("port", "9163"), kEveryMinute,
    number("version", "1"), kTls};
constexpr Line kUyuni[] = {
    needed_url("server"), needed("username"), needed_secret("password"),
    text("entitlement", "monitoring_entitled"), text("separator", ","), kEveryMinute, kHttp};
constexpr Line kVultr[] = {kPort80, kEveryMinute, kHttp};

constexpr DiscoveryTable kTables[] = {
    {"aws_sd_configs", kAws},
    {"azure_sd_configs", kAzure},
    {"consul_sd_configs", kConsul},
    {"digitalocean_sd_configs", kDigitalOcean},
    {"dns_sd_configs", kDns},
    {"docker_sd_configs", kDocker},
    {"dockerswarm_sd_configs", kDockerSwarm},
    {"ec2_sd_configs", kEc2},
    {"ecs_sd_configs", kEcs},
    {"elasticache_sd_configs", kAwsClusters},
    {"eureka_sd_configs", kEureka},
    {"gce_sd_configs", kGce},
    {"hetzner_sd_configs", kHetzner},
    {"ionos_sd_configs", kIonos},
    {"kubernetes_sd_configs", kKubernetes},
    {"kuma_sd_configs", kKuma},
    {"lightsail_sd_configs", kLightsail},
    {"linode_sd_configs", kLinode},
    {"marathon_sd_configs", kMarathon},
    {"msk_sd_configs", kAwsClusters},
    {"nerve_sd_configs", kNerve},
    {"nomad_sd_configs", kNomad},
    {"oci_sd_configs", kOci},
    {"openstack_sd_configs", kOpenStack},
    {"outscale_sd_configs", kOutscale},
    {"ovhcloud_sd_configs", kOvhCloud},
    {"puppetdb_sd_configs", kPuppetDb},
    {"rds_sd_configs", kRds},
    {"scaleway_sd_configs", kScaleway},
    {"serverset_sd_configs", kServerset},
    {"stackit_sd_configs", kStackit},
    {"triton_sd_configs", kTriton},
    {"uyuni_sd_configs", kUyuni},
    {"vultr_sd_configs", kVultr},
};
// clang-format on

}  // namespace

std::span<const DiscoveryTable> discovery_tables() { return kTables; }

}  // namespace silverback::config
