// Sums of doubles that keep the digits a plain sum loses (Neumaier's form of Kahan's). The steps
// and their order are part of the query language's contract: results agree to the bit.
// https://en.wikipedia.org/wiki/Kahan_summation_algorithm#Further_enhancements
#pragma once

#include <cmath>

namespace silverback::promql {

struct NeumaierSum {
  double sum = 0;
  double c = 0;  // what rounding took from sum

  void add(double x) {
    const double t = sum + x;
    if (std::isinf(t)) {
      c = 0;
    } else if (std::fabs(sum) >= std::fabs(x)) {
      c += (sum - t) + x;
    } else {
      c += (x - t) + sum;
    }
    sum = t;
  }
  double value() const { return std::isinf(sum) ? sum : sum + c; }
};

// The mean as avg and avg_over_time take it: the sum divided once, unless the sum overflows; from
// there on a running mean.
class NeumaierMean {
 public:
  explicit NeumaierMean(double first) : sum_{first, 0} {}

  void add(double x) {
    count_ += 1;
    if (!running_) {
      NeumaierSum next = sum_;
      next.add(x);
      if (!std::isinf(next.sum)) {
        sum_ = next;
        return;
      }
      running_ = true;
      sum_.sum /= count_ - 1;
      sum_.c /= count_ - 1;
    }
    const double q = (count_ - 1) / count_;
    sum_.sum *= q;
    sum_.c *= q;
    sum_.add(x / count_);
  }
  double value() const {
    return running_ ? sum_.sum + sum_.c : sum_.sum / count_ + sum_.c / count_;
  }

 private:
  NeumaierSum sum_;  // the mean, once running_
  double count_ = 1;
  bool running_ = false;
};

}  // namespace silverback::promql
