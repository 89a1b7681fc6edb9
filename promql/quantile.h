// Quantiles: of plain values, and of classic histograms (cumulative buckets by upper bound `le`).
// Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

namespace silverback::promql {

// Sorts `values`, NaN first. The value at rank q·(n-1), between two values by their weighted mean;
// -Inf for q < 0, +Inf for q > 1, NaN for no values or q NaN.
double quantile(double q, std::vector<double>& values);

struct Bucket {
  double upper_bound;
  double count;  // of observations <= upper_bound
};

// What histogram_quantile has to say about buckets whose counts went down.
struct MonotonicityFix {
  bool forced = false;                    // beyond what rounding explains
  double bucket_min = 0, bucket_max = 0;  // upper bounds of the first and last bucket raised
  double difference_max = 0;
};

// Brings the buckets of one histogram into the form that the functions below want: ascending, equal
// bounds added up. False if there is no +Inf bucket: then nothing is known of the whole.
bool prepare_buckets(std::vector<Bucket>& buckets);
// Raises counts that are below the bucket's before: cumulative counts cannot go down.
void make_monotonic(std::vector<Bucket>& buckets, MonotonicityFix& fix);

// Both want prepared buckets; the quantile also monotonic ones.
double bucket_quantile(double q, const std::vector<Bucket>& buckets);
double bucket_fraction(double lower, double upper, const std::vector<Bucket>& buckets);

}  // namespace silverback::promql
