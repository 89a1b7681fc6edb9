// What a query answered, as the API writes it.
#pragma once

#include "api/json_writer.h"
#include "base/sample.h"
#include "promql/value.h"

namespace silverback::api {

// `"resultType":"vector","result":[…]`: two members of an object that the caller has opened.
// resultType comes first because Grafana buffers the whole result otherwise.
void write_result(JsonWriter& json, const promql::Value& value);

// `{"count":"…","sum":"…","buckets":[[rule,"low","high","count"],…]}`; empty buckets are left out.
// rule: 0 (low,high], 1 [low,high), 2 (low,high), 3 [low,high].
void write_histogram(JsonWriter& json, const Histogram& histogram);

}  // namespace silverback::api
