// What every JSON answer of the API is wrapped in:
//
//   {"status":"success","data":…,"warnings":[…],"infos":[…]}
//   {"status":"error","errorType":"bad_data","error":"…"}
//
// An error has no `data`: Grafana's parser would complain about it and hide the error. Empty lists
// are left out; long ones are cut.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/json_writer.h"
#include "api/response.h"
#include "base/result.h"

namespace silverback::api {

// Begins the envelope; exactly one value is to follow.
JsonWriter begin_success();
Response finish_success(JsonWriter json, const std::vector<std::string>& warnings = {},
                        const std::vector<std::string>& infos = {});

// The only place that knows which error has which errorType and status (error_response.cc).
Response error_response(const Error& error);
// As Prometheus answers for what a flag turns off.
Response disabled_response(std::string_view message);
// 400, `invalid parameter "step": …`
Response bad_parameter(std::string_view name, std::string_view message);

}  // namespace silverback::api
