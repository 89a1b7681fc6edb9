// Every path that the server answers, one line each.
#include "api/endpoints.h"
#include "api/router.h"

namespace silverback::api {
namespace {

constexpr Methods kRead = kGet | kHead;
constexpr Methods kGetPost = kGet | kPost;
constexpr Methods kChange = kPost | kPut;

// As Go's form parser. Grafana posts queries of megabytes.
constexpr std::size_t kFormBytesMax = std::size_t{10} << 20;
// As much as a message may have when decoded (ingest/remote_write.h); snappy never grows it more
// than a sixth.
constexpr std::size_t kWriteBytesMax = std::size_t{38} << 20;
constexpr std::size_t kNoBody = 64 * 1024;  // needs none; what a client sends by habit is read over

constexpr bool kAfterReady = true;
constexpr bool kAlways = false;

// clang-format off
constexpr Route kRoutes[] = {
    {"/api/v1/query",                   kGetPost, RunOn::kQueries, kAfterReady, kFormBytesMax,  &query_instant},
    {"/api/v1/query_range",             kGetPost, RunOn::kQueries, kAfterReady, kFormBytesMax,  &query_range},
    {"/api/v1/query_exemplars",         kGetPost, RunOn::kWork,    kAfterReady, kFormBytesMax,  &query_exemplars},
    {"/api/v1/format_query",            kGetPost, RunOn::kWork,    kAfterReady, kFormBytesMax,  &format_query},
    {"/api/v1/parse_query",             kGetPost, RunOn::kWork,    kAfterReady, kFormBytesMax,  &parse_query},
    {"/api/v1/series",                  kGetPost, RunOn::kQueries, kAfterReady, kFormBytesMax,  &series},
    {"/api/v1/labels",                  kGetPost, RunOn::kQueries, kAfterReady, kFormBytesMax,  &label_names},
    {"/api/v1/label/:name/values",      kGet,     RunOn::kQueries, kAfterReady, kNoBody,        &label_values},
    {"/api/v1/metadata",                kGet,     RunOn::kWork,    kAfterReady, kNoBody,        &metadata},

    {"/api/v1/rules",                   kGet,     RunOn::kWork,    kAfterReady, kNoBody,        &rules},
    {"/api/v1/alerts",                  kGet,     RunOn::kWork,    kAfterReady, kNoBody,        &alerts},
    {"/api/v1/alertmanagers",           kGet,     RunOn::kWork,    kAfterReady, kNoBody,        &alertmanagers},
    {"/api/v1/targets",                 kGet,     RunOn::kWork,    kAfterReady, kNoBody,        &targets},
    {"/api/v1/targets/metadata",        kGet,     RunOn::kWork,    kAfterReady, kNoBody,        &targets_metadata},
    {"/api/v1/targets/relabel_steps",   kGet,     RunOn::kWork,    kAfterReady, kNoBody,        &relabel_steps},
    {"/api/v1/scrape_pools",            kGet,     RunOn::kWork,    kAfterReady, kNoBody,        &scrape_pools},
    {"/api/v1/scrape_pools/config",     kGet,     RunOn::kWork,    kAfterReady, kNoBody,        &scrape_pool_config},
    {"/api/v1/notifications",           kGet,     RunOn::kIo,      kAlways,     kNoBody,        &notifications},

    {"/api/v1/status/buildinfo",        kGet,     RunOn::kIo,      kAfterReady, kNoBody,        &status_build},
    {"/api/v1/status/runtimeinfo",      kGet,     RunOn::kWork,    kAfterReady, kNoBody,        &status_runtime},
    {"/api/v1/status/flags",            kGet,     RunOn::kIo,      kAfterReady, kNoBody,        &status_flags},
    {"/api/v1/status/config",           kGet,     RunOn::kWork,    kAfterReady, kNoBody,        &status_config},
    {"/api/v1/status/tsdb",             kGet,     RunOn::kWork,    kAfterReady, kNoBody,        &status_tsdb},
    {"/api/v1/status/walreplay",        kGet,     RunOn::kIo,      kAlways,     kNoBody,        &status_wal_replay},

    {"/api/v1/write",                   kPost,    RunOn::kWork,    kAfterReady, kWriteBytesMax, &remote_write},

    {"/api/v1/admin/tsdb/flush",        kChange,  RunOn::kQueries, kAfterReady, kNoBody,        &admin_flush},
    {"/api/v1/admin/tsdb/compact",      kChange,  RunOn::kQueries, kAfterReady, kNoBody,        &admin_compact},
    {"/api/v1/admin/tsdb/delete_series", kChange, RunOn::kIo,      kAfterReady, kNoBody,        &admin_not_built},
    {"/api/v1/admin/tsdb/clean_tombstones", kChange, RunOn::kIo,   kAfterReady, kNoBody,        &admin_not_built},
    {"/api/v1/admin/tsdb/snapshot",     kChange,  RunOn::kIo,      kAfterReady, kNoBody,        &admin_not_built},

    {"/-/healthy",                      kRead,    RunOn::kIo,      kAlways,     kNoBody,        &healthy},
    {"/-/ready",                        kRead,    RunOn::kIo,      kAfterReady, kNoBody,        &ready},
    {"/-/reload",                       kChange,  RunOn::kWork,    kAlways,     kNoBody,        &reload},
    {"/-/quit",                         kChange,  RunOn::kIo,      kAlways,     kNoBody,        &quit},
    {"/federate",                       kGet,     RunOn::kQueries, kAfterReady, kNoBody,        &federate},
    {"/metrics",                        kGet,     RunOn::kWork,    kAlways,     kNoBody,        &metrics},
    {"/version",                        kGet,     RunOn::kIo,      kAlways,     kNoBody,        &version_text},

    {"/",                               kRead,    RunOn::kIo,      kAlways,     kNoBody,        &page_home},
    {"/query",                          kRead,    RunOn::kQueries, kAfterReady, kNoBody,        &page_graph},
    {"/graph",                          kRead,    RunOn::kQueries, kAfterReady, kNoBody,        &page_graph},
    {"/alerts",                         kRead,    RunOn::kWork,    kAlways,     kNoBody,        &page_alerts},
    {"/targets",                        kRead,    RunOn::kWork,    kAfterReady, kNoBody,        &page_targets},
    {"/service-discovery",              kRead,    RunOn::kWork,    kAfterReady, kNoBody,        &page_discovery},
    {"/status",                         kRead,    RunOn::kIo,      kAlways,     kNoBody,        &page_status},
};
// clang-format on

}  // namespace

std::span<const Route> routes() { return kRoutes; }

}  // namespace silverback::api
