// Every endpoint: a function from request to answer. Which path leads to which is in routes.cc.
#pragma once

#include "api/request.h"
#include "api/response.h"

namespace silverback::api {

struct Context;

// clang-format off

// query.cc
Response query_instant(const Context&, const Request&);
Response query_range(const Context&, const Request&);
Response query_exemplars(const Context&, const Request&);
Response format_query(const Context&, const Request&);
Response parse_query(const Context&, const Request&);

// series.cc
Response series(const Context&, const Request&);
Response label_names(const Context&, const Request&);
Response label_values(const Context&, const Request&);

// metadata.cc
Response metadata(const Context&, const Request&);
Response targets_metadata(const Context&, const Request&);

// federate.cc
Response federate(const Context&, const Request&);

// status.cc
Response status_build(const Context&, const Request&);
Response status_runtime(const Context&, const Request&);
Response status_flags(const Context&, const Request&);
Response status_config(const Context&, const Request&);
Response status_tsdb(const Context&, const Request&);
Response status_wal_replay(const Context&, const Request&);
Response notifications(const Context&, const Request&);
Response version_text(const Context&, const Request&);
Response metrics(const Context&, const Request&);

// rules.cc
Response rules(const Context&, const Request&);
Response alerts(const Context&, const Request&);
Response alertmanagers(const Context&, const Request&);

// targets.cc
Response targets(const Context&, const Request&);
Response relabel_steps(const Context&, const Request&);
Response scrape_pools(const Context&, const Request&);
Response scrape_pool_config(const Context&, const Request&);

// write.cc
Response remote_write(const Context&, const Request&);

// admin.cc
Response admin_flush(const Context&, const Request&);
Response admin_compact(const Context&, const Request&);
Response admin_not_built(const Context&, const Request&);

// lifecycle.cc
Response healthy(const Context&, const Request&);
Response ready(const Context&, const Request&);
Response reload(const Context&, const Request&);
Response quit(const Context&, const Request&);

// pages.cc
Response page_home(const Context&, const Request&);
Response page_graph(const Context&, const Request&);
Response page_alerts(const Context&, const Request&);
Response page_status(const Context&, const Request&);

// target_pages.cc
Response page_targets(const Context&, const Request&);
Response page_discovery(const Context&, const Request&);

// clang-format on

}  // namespace silverback::api
