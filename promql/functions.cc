#include "promql/functions.h"

#include <algorithm>
#include <iterator>

namespace silverback::promql {
namespace {

using enum ValueType;
constexpr std::uint8_t kAny = FunctionSpec::kArgsUnlimited;
constexpr bool kExperimental = true;

// Alphabetical: find_function searches it.
// clang-format off
constexpr FunctionSpec kFunctions[] = {
    //                               argument types                              min   max  result   experimental
    {"abs",                          {kVector},                                     1,    1, kVector, false},
    {"absent",                       {kVector},                                     1,    1, kVector, false},
    {"absent_over_time",             {kMatrix},                                     1,    1, kVector, false},
    {"acos",                         {kVector},                                     1,    1, kVector, false},
    {"acosh",                        {kVector},                                     1,    1, kVector, false},
    {"asin",                         {kVector},                                     1,    1, kVector, false},
    {"asinh",                        {kVector},                                     1,    1, kVector, false},
    {"atan",                         {kVector},                                     1,    1, kVector, false},
    {"atanh",                        {kVector},                                     1,    1, kVector, false},
    {"avg_over_time",                {kMatrix},                                     1,    1, kVector, false},
    {"ceil",                         {kVector},                                     1,    1, kVector, false},
    {"changes",                      {kMatrix},                                     1,    1, kVector, false},
    {"clamp",                        {kVector, kScalar, kScalar},                   3,    3, kVector, false},
    {"clamp_max",                    {kVector, kScalar},                            2,    2, kVector, false},
    {"clamp_min",                    {kVector, kScalar},                            2,    2, kVector, false},
    {"cos",                          {kVector},                                     1,    1, kVector, false},
    {"cosh",                         {kVector},                                     1,    1, kVector, false},
    {"count_over_time",              {kMatrix},                                     1,    1, kVector, false},
    {"day_of_month",                 {kVector},                                     0,    1, kVector, false},
    {"day_of_week",                  {kVector},                                     0,    1, kVector, false},
    {"day_of_year",                  {kVector},                                     0,    1, kVector, false},
    {"days_in_month",                {kVector},                                     0,    1, kVector, false},
    {"deg",                          {kVector},                                     1,    1, kVector, false},
    {"delta",                        {kMatrix},                                     1,    1, kVector, false},
    {"deriv",                        {kMatrix},                                     1,    1, kVector, false},
    {"double_exponential_smoothing", {kMatrix, kScalar, kScalar},                   3,    3, kVector, kExperimental},
    {"end",                          {},                                            0,    0, kScalar, kExperimental},
    {"exp",                          {kVector},                                     1,    1, kVector, false},
    {"first_over_time",              {kMatrix},                                     1,    1, kVector, false},
    {"floor",                        {kVector},                                     1,    1, kVector, false},
    {"histogram_avg",                {kVector},                                     1,    1, kVector, false},
    {"histogram_count",              {kVector},                                     1,    1, kVector, false},
    {"histogram_fraction",           {kScalar, kScalar, kVector},                   3,    3, kVector, false},
    {"histogram_quantile",           {kScalar, kVector},                            2,    2, kVector, false},
    {"histogram_quantiles",          {kVector, kString, kScalar},                   3,   12, kVector, kExperimental},
    {"histogram_stddev",             {kVector},                                     1,    1, kVector, false},
    {"histogram_stdvar",             {kVector},                                     1,    1, kVector, false},
    {"histogram_sum",                {kVector},                                     1,    1, kVector, false},
    {"hour",                         {kVector},                                     0,    1, kVector, false},
    {"idelta",                       {kMatrix},                                     1,    1, kVector, false},
    {"increase",                     {kMatrix},                                     1,    1, kVector, false},
    {"info",                         {kVector, kVector},                            1,    2, kVector, kExperimental},
    {"irate",                        {kMatrix},                                     1,    1, kVector, false},
    {"label_join",                   {kVector, kString, kString, kString},          3, kAny, kVector, false},
    {"label_replace",                {kVector, kString, kString, kString, kString}, 5,    5, kVector, false},
    {"last_over_time",               {kMatrix},                                     1,    1, kVector, false},
    {"ln",                           {kVector},                                     1,    1, kVector, false},
    {"log10",                        {kVector},                                     1,    1, kVector, false},
    {"log2",                         {kVector},                                     1,    1, kVector, false},
    {"mad_over_time",                {kMatrix},                                     1,    1, kVector, kExperimental},
    {"max_of",                       {kScalar, kScalar},                            2,    2, kScalar, kExperimental},
    {"max_over_time",                {kMatrix},                                     1,    1, kVector, false},
    {"min_of",                       {kScalar, kScalar},                            2,    2, kScalar, kExperimental},
    {"min_over_time",                {kMatrix},                                     1,    1, kVector, false},
    {"minute",                       {kVector},                                     0,    1, kVector, false},
    {"month",                        {kVector},                                     0,    1, kVector, false},
    {"pi",                           {},                                            0,    0, kScalar, false},
    {"predict_linear",               {kMatrix, kScalar},                            2,    2, kVector, false},
    {"present_over_time",            {kMatrix},                                     1,    1, kVector, false},
    {"quantile_over_time",           {kScalar, kMatrix},                            2,    2, kVector, false},
    {"rad",                          {kVector},                                     1,    1, kVector, false},
    {"range",                        {},                                            0,    0, kScalar, kExperimental},
    {"rate",                         {kMatrix},                                     1,    1, kVector, false},
    {"resets",                       {kMatrix},                                     1,    1, kVector, false},
    {"round",                        {kVector, kScalar},                            1,    2, kVector, false},
    {"scalar",                       {kVector},                                     1,    1, kScalar, false},
    {"sgn",                          {kVector},                                     1,    1, kVector, false},
    {"sin",                          {kVector},                                     1,    1, kVector, false},
    {"sinh",                         {kVector},                                     1,    1, kVector, false},
    {"sort",                         {kVector},                                     1,    1, kVector, false},
    {"sort_by_label",                {kVector, kString},                            1, kAny, kVector, kExperimental},
    {"sort_by_label_desc",           {kVector, kString},                            1, kAny, kVector, kExperimental},
    {"sort_desc",                    {kVector},                                     1,    1, kVector, false},
    {"sqrt",                         {kVector},                                     1,    1, kVector, false},
    {"start",                        {},                                            0,    0, kScalar, kExperimental},
    {"start_timestamp",              {kVector},                                     1,    1, kVector, kExperimental},
    {"stddev_over_time",             {kMatrix},                                     1,    1, kVector, false},
    {"stdvar_over_time",             {kMatrix},                                     1,    1, kVector, false},
    {"step",                         {},                                            0,    0, kScalar, kExperimental},
    {"sum_over_time",                {kMatrix},                                     1,    1, kVector, false},
    {"tan",                          {kVector},                                     1,    1, kVector, false},
    {"tanh",                         {kVector},                                     1,    1, kVector, false},
    {"time",                         {},                                            0,    0, kScalar, false},
    {"timestamp",                    {kVector},                                     1,    1, kVector, false},
    {"ts_of_first_over_time",        {kMatrix},                                     1,    1, kVector, kExperimental},
    {"ts_of_last_over_time",         {kMatrix},                                     1,    1, kVector, kExperimental},
    {"ts_of_max_over_time",          {kMatrix},                                     1,    1, kVector, kExperimental},
    {"ts_of_min_over_time",          {kMatrix},                                     1,    1, kVector, kExperimental},
    {"vector",                       {kScalar},                                     1,    1, kVector, false},
    {"year",                         {kVector},                                     0,    1, kVector, false},
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
