#include "promql/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/sample.h"

namespace silverback::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
// Counts that differ by less, relative to their sum, differ by rounding only.
constexpr double kRounding = 1e-12;

bool differ_by_rounding(double a, double b) {
  constexpr double kNormalMin = std::numeric_limits<double>::min();
  const double sum = std::fabs(a) + std::fabs(b);
  const double difference = std::fabs(a - b);
  if (a == 0 || b == 0 || sum < kNormalMin) return difference < kRounding * kNormalMin;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kRounding;
}

// Observations below `v`, taken as evenly spread in each bucket. Buckets without a finite width
// spread nothing: all of the first one's are below `v`, none of the last one's.
double rank_of(double v, const std::vector<Bucket>& buckets) {
  double below = 0;
  double lower_bound = buckets.front().upper_bound > 0 ? 0 : -kInf;
  for (const Bucket& bucket : buckets) {
    if (lower_bound >= v) return below;
    if (bucket.upper_bound > v) {
      if (std::isinf(lower_bound)) return bucket.count;
      return below +
             (bucket.count - below) * (v - lower_bound) / (bucket.upper_bound - lower_bound);
    }
    below = bucket.count;
    lower_bound = bucket.upper_bound;
  }
  return buckets.back().count;
}

}  // namespace

double quantile(double q, std::vector<double>& values) {
  if (values.empty() || std::isnan(q)) return normal_nan();
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  const double n = static_cast<double>(values.size());
  const double rank = q * (n - 1);
  const double lower = std::max(0.0, std::floor(rank));
  const double upper = std::min(n - 1, lower + 1);
  const double weight = rank - std::floor(rank);
  const auto less = [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; };
  std::sort(values.begin(), values.end(), less);
  return values[static_cast<std::size_t>(lower)] * (1 - weight) +
         values[static_cast<std::size_t>(upper)] * weight;
}

bool prepare_buckets(std::vector<Bucket>& buckets) {
  if (buckets.empty()) return false;
  std::stable_sort(buckets.begin(), buckets.end(),
                   [](const Bucket& a, const Bucket& b) { return a.upper_bound < b.upper_bound; });
  if (buckets.back().upper_bound != kInf) return false;
  std::size_t last = 0;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper_bound == buckets[last].upper_bound) {
      buckets[last].count += buckets[i].count;
    } else {
      buckets[++last] = buckets[i];
    }
  }
  buckets.resize(last + 1);
  return true;
}

void make_monotonic(std::vector<Bucket>& buckets, MonotonicityFix& fix) {
  double previous = buckets.front().count;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    double& count = buckets[i].count;
    if (count == previous) continue;
    if (differ_by_rounding(previous, count)) {
      count = previous;
    } else if (count < previous) {
      if (!fix.forced) fix.bucket_min = buckets[i].upper_bound;
      fix.forced = true;
      fix.bucket_max = buckets[i].upper_bound;
      fix.difference_max = std::max(fix.difference_max, previous - count);
      count = previous;
    } else {
      previous = count;
    }
  }
}

double bucket_quantile(double q, const std::vector<Bucket>& buckets) {
  if (std::isnan(q)) return normal_nan();
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  if (buckets.size() < 2) return normal_nan();
  const double observations = buckets.back().count;
  if (observations == 0) return normal_nan();
  double rank = q * observations;
  const auto found = std::find_if(buckets.begin(), buckets.end() - 1,
                                  [&](const Bucket& bucket) { return bucket.count >= rank; });
  if (found == buckets.end() - 1) return (buckets.end() - 2)->upper_bound;
  if (found == buckets.begin() && found->upper_bound <= 0) return found->upper_bound;
  double lower_bound = 0;
  double count = found->count;
  if (found != buckets.begin()) {
    const Bucket& before = *(found - 1);
    lower_bound = before.upper_bound;
    count -= before.count;
    rank -= before.count;
  }
  return lower_bound + (found->upper_bound - lower_bound) * (rank / count);
}

double bucket_fraction(double lower, double upper, const std::vector<Bucket>& buckets) {
  const double count = buckets.back().count;
  if (count == 0 || std::isnan(lower) || std::isnan(upper)) return normal_nan();
  if (lower >= upper) return 0;
  const double below_lower = std::min(rank_of(lower, buckets), count);
  const double below_upper = std::min(rank_of(upper, buckets), count);
  return (below_upper - below_lower) / count;
}

}  // namespace silverback::promql
