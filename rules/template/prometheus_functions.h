// The functions that Prometheus adds to those of Go's text/template, as functions.cc lists them.
// Threads: free functions; `query` calls what the Environment gives.
#pragma once

#include "base/result.h"
#include "rules/template/functions.h"

namespace silverback::templates {

// Query results.
Result<Value> run_query(const Call& call);
Result<Value> run_first(const Call& call);
Result<Value> run_label(const Call& call);
Result<Value> run_value(const Call& call);
Result<Value> run_strvalue(const Call& call);
Result<Value> run_sort_by_label(const Call& call);
// Numbers as people read them.
Result<Value> run_humanize(const Call& call);
Result<Value> run_humanize_1024(const Call& call);
Result<Value> run_humanize_duration(const Call& call);
Result<Value> run_humanize_percentage(const Call& call);
Result<Value> run_humanize_timestamp(const Call& call);
// Time.
Result<Value> run_now(const Call& call);
Result<Value> run_to_time(const Call& call);
Result<Value> run_to_duration(const Call& call);
Result<Value> run_parse_duration(const Call& call);
// Text.
Result<Value> run_match(const Call& call);
Result<Value> run_replace_all(const Call& call);
Result<Value> run_title(const Call& call);
Result<Value> run_to_upper(const Call& call);
Result<Value> run_to_lower(const Call& call);
Result<Value> run_safe_html(const Call& call);
Result<Value> run_strip_port(const Call& call);
Result<Value> run_strip_domain(const Call& call);
// Links.
Result<Value> run_graph_link(const Call& call);
Result<Value> run_table_link(const Call& call);
Result<Value> run_path_prefix(const Call& call);
Result<Value> run_external_url(const Call& call);
Result<Value> run_url_query_escape(const Call& call);
// For templates that call templates.
Result<Value> run_args(const Call& call);

}  // namespace silverback::templates
