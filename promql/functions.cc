#include "promql/functions.h"

#include <algorithm>
#include <iterator>

#include "promql/functions_eval.h"

namespace silverback::promql {
namespace {

using enum ValueType;
constexpr std::uint8_t kAny = FunctionSpec::kArgsUnlimited;
constexpr bool kExperimental = true;
constexpr bool kClock = true;

// Alphabetical: find_function searches it.
// clang-format off
constexpr FunctionSpec kFunctions[] = {
    //                               argument types                              min   max  result   experimental, clock, evaluation
    {"abs",                          {kVector},                                     1,    1, kVector, false, false , &eval_each<magnitude>},
    {"absent",                       {kVector},                                     1,    1, kVector, false, false , &eval_absent},
    {"absent_over_time",             {kMatrix},                                     1,    1, kVector, false, false , &eval_absent_over_time},
    {"acos",                         {kVector},                                     1,    1, kVector, false, false , &eval_each<math_acos>},
    {"acosh",                        {kVector},                                     1,    1, kVector, false, false , &eval_each<math_acosh>},
    {"asin",                         {kVector},                                     1,    1, kVector, false, false , &eval_each<math_asin>},
    {"asinh",                        {kVector},                                     1,    1, kVector, false, false , &eval_each<math_asinh>},
    {"atan",                         {kVector},                                     1,    1, kVector, false, false , &eval_each<math_atan>},
    {"atanh",                        {kVector},                                     1,    1, kVector, false, false , &eval_each<math_atanh>},
    {"avg_over_time",                {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_avg>},
    {"ceil",                         {kVector},                                     1,    1, kVector, false, false , &eval_each<math_ceil>},
    {"changes",                      {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_changes>},
    {"clamp",                        {kVector, kScalar, kScalar},                   3,    3, kVector, false, false , &eval_clamp},
    {"clamp_max",                    {kVector, kScalar},                            2,    2, kVector, false, false , &eval_clamp},
    {"clamp_min",                    {kVector, kScalar},                            2,    2, kVector, false, false , &eval_clamp},
    {"cos",                          {kVector},                                     1,    1, kVector, false, false , &eval_each<math_cos>},
    {"cosh",                         {kVector},                                     1,    1, kVector, false, false , &eval_each<math_cosh>},
    {"count_over_time",              {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_count>},
    {"day_of_month",                 {kVector},                                     0,    1, kVector, false, kClock, &eval_date},
    {"day_of_week",                  {kVector},                                     0,    1, kVector, false, kClock, &eval_date},
    {"day_of_year",                  {kVector},                                     0,    1, kVector, false, kClock, &eval_date},
    {"days_in_month",                {kVector},                                     0,    1, kVector, false, kClock, &eval_date},
    {"deg",                          {kVector},                                     1,    1, kVector, false, false , &eval_each<to_degrees>},
    {"delta",                        {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_delta>},
    {"deriv",                        {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_deriv>},
    {"double_exponential_smoothing", {kMatrix, kScalar, kScalar},                   3,    3, kVector, kExperimental, false , &eval_double_exponential_smoothing},
    {"end",                          {},                                            0,    0, kScalar, kExperimental, kClock, &eval_query_time},
    {"exp",                          {kVector},                                     1,    1, kVector, false, false , &eval_each<math_exp>},
    {"first_over_time",              {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_first, NameRule::kKeep>},
    {"floor",                        {kVector},                                     1,    1, kVector, false, false , &eval_each<math_floor>},
    {"histogram_avg",                {kVector},                                     1,    1, kVector, false, false , &eval_histograms_only},
    {"histogram_count",              {kVector},                                     1,    1, kVector, false, false , &eval_histograms_only},
    {"histogram_fraction",           {kScalar, kScalar, kVector},                   3,    3, kVector, false, false , &eval_histogram_fraction},
    {"histogram_quantile",           {kScalar, kVector},                            2,    2, kVector, false, false , &eval_histogram_quantile},
    {"histogram_quantiles",          {kVector, kString, kScalar},                   3,   12, kVector, kExperimental, false , &eval_histogram_quantiles},
    {"histogram_stddev",             {kVector},                                     1,    1, kVector, false, false , &eval_histograms_only},
    {"histogram_stdvar",             {kVector},                                     1,    1, kVector, false, false , &eval_histograms_only},
    {"histogram_sum",                {kVector},                                     1,    1, kVector, false, false , &eval_histograms_only},
    {"hour",                         {kVector},                                     0,    1, kVector, false, kClock, &eval_date},
    {"idelta",                       {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_idelta>},
    {"increase",                     {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_increase>},
    {"info",                         {kVector, kVector},                            1,    2, kVector, kExperimental, false , &eval_info},
    {"irate",                        {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_irate>},
    {"label_join",                   {kVector, kString, kString, kString},          3, kAny, kVector, false, false , &eval_label_join},
    {"label_replace",                {kVector, kString, kString, kString, kString}, 5,    5, kVector, false, false , &eval_label_replace},
    {"last_over_time",               {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_last, NameRule::kKeep>},
    {"ln",                           {kVector},                                     1,    1, kVector, false, false , &eval_each<math_ln>},
    {"log10",                        {kVector},                                     1,    1, kVector, false, false , &eval_each<math_log10>},
    {"log2",                         {kVector},                                     1,    1, kVector, false, false , &eval_each<math_log2>},
    {"mad_over_time",                {kMatrix},                                     1,    1, kVector, kExperimental, false , &eval_window<window_mad>},
    {"max_of",                       {kScalar, kScalar},                            2,    2, kScalar, kExperimental, false , &eval_extreme_of_two},
    {"max_over_time",                {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_max>},
    {"min_of",                       {kScalar, kScalar},                            2,    2, kScalar, kExperimental, false , &eval_extreme_of_two},
    {"min_over_time",                {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_min>},
    {"minute",                       {kVector},                                     0,    1, kVector, false, kClock, &eval_date},
    {"month",                        {kVector},                                     0,    1, kVector, false, kClock, &eval_date},
    {"pi",                           {},                                            0,    0, kScalar, false, false , &eval_pi},
    {"predict_linear",               {kMatrix, kScalar},                            2,    2, kVector, false, kClock, &eval_window<window_predict_linear>},
    {"present_over_time",            {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_present>},
    {"quantile_over_time",           {kScalar, kMatrix},                            2,    2, kVector, false, false , &eval_quantile_over_time},
    {"rad",                          {kVector},                                     1,    1, kVector, false, false , &eval_each<to_radians>},
    {"range",                        {},                                            0,    0, kScalar, kExperimental, kClock, &eval_query_time},
    {"rate",                         {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_rate>},
    {"resets",                       {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_resets>},
    {"round",                        {kVector, kScalar},                            1,    2, kVector, false, false , &eval_round},
    {"scalar",                       {kVector},                                     1,    1, kScalar, false, false , &eval_scalar_function},
    {"sgn",                          {kVector},                                     1,    1, kVector, false, false , &eval_each<sign>},
    {"sin",                          {kVector},                                     1,    1, kVector, false, false , &eval_each<math_sin>},
    {"sinh",                         {kVector},                                     1,    1, kVector, false, false , &eval_each<math_sinh>},
    {"sort",                         {kVector},                                     1,    1, kVector, false, false , &eval_sort},
    {"sort_by_label",                {kVector, kString},                            1, kAny, kVector, kExperimental, false , &eval_sort_by_label},
    {"sort_by_label_desc",           {kVector, kString},                            1, kAny, kVector, kExperimental, false , &eval_sort_by_label},
    {"sort_desc",                    {kVector},                                     1,    1, kVector, false, false , &eval_sort},
    {"sqrt",                         {kVector},                                     1,    1, kVector, false, false , &eval_each<math_sqrt>},
    {"start",                        {},                                            0,    0, kScalar, kExperimental, kClock, &eval_query_time},
    {"start_timestamp",              {kVector},                                     1,    1, kVector, kExperimental, kClock, &eval_histograms_only},
    {"stddev_over_time",             {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_stddev>},
    {"stdvar_over_time",             {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_stdvar>},
    {"step",                         {},                                            0,    0, kScalar, kExperimental, kClock, &eval_query_time},
    {"sum_over_time",                {kMatrix},                                     1,    1, kVector, false, false , &eval_window<window_sum>},
    {"tan",                          {kVector},                                     1,    1, kVector, false, false , &eval_each<math_tan>},
    {"tanh",                         {kVector},                                     1,    1, kVector, false, false , &eval_each<math_tanh>},
    {"time",                         {},                                            0,    0, kScalar, false, kClock, &eval_query_time},
    {"timestamp",                    {kVector},                                     1,    1, kVector, false, kClock, &eval_timestamp},
    {"ts_of_first_over_time",        {kMatrix},                                     1,    1, kVector, kExperimental, false , &eval_window<window_ts_of_first>},
    {"ts_of_last_over_time",         {kMatrix},                                     1,    1, kVector, kExperimental, false , &eval_window<window_ts_of_last>},
    {"ts_of_max_over_time",          {kMatrix},                                     1,    1, kVector, kExperimental, false , &eval_window<window_ts_of_max>},
    {"ts_of_min_over_time",          {kMatrix},                                     1,    1, kVector, kExperimental, false , &eval_window<window_ts_of_min>},
    {"vector",                       {kScalar},                                     1,    1, kVector, false, false , &eval_vector_function},
    {"year",                         {kVector},                                     0,    1, kVector, false, kClock, &eval_date},
};
// clang-format on

constexpr bool by_name(const FunctionSpec& a, const FunctionSpec& b) { return a.name < b.name; }
static_assert(std::is_sorted(std::begin(kFunctions), std::end(kFunctions), by_name));

}  // namespace

ValueType FunctionSpec::arg_type(std::size_t index) const {
  const auto* end = std::find(arg_types.begin(), arg_types.end(), kNone);
  const auto count = static_cast<std::size_t>(end - arg_types.begin());
  if (count == 0) return kNone;
  return arg_types[std::min(index, count - 1)];
}

const FunctionSpec* find_function(std::string_view name) {
  const auto* found = std::lower_bound(
      std::begin(kFunctions), std::end(kFunctions), name,
      [](const FunctionSpec& function, std::string_view wanted) { return function.name < wanted; });
  return found != std::end(kFunctions) && found->name == name ? found : nullptr;
}

std::span<const FunctionSpec> all_functions() { return kFunctions; }

}  // namespace silverback::promql
