// Builds remote-write 1.0 messages for tests and benchmarks, well-formed ones and others.
#pragma once

#include <bit>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <protozero/pbf_writer.hpp>
#include <snappy.h>

#include "base/sample.h"

namespace silverback::testing {

struct WireSeries {
  std::vector<std::pair<std::string, std::string>> labels = {};
  std::vector<Sample> samples = {};
  int histograms = 0;
  int exemplars = 0;
};

inline std::string encode(const WireSeries& series) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  for (const auto& [name, value] : series.labels) {
    protozero::pbf_writer label(writer, 1);
    label.add_string(1, name);
    label.add_string(2, value);
  }
  for (const Sample& sample : series.samples) {
    protozero::pbf_writer message(writer, 2);
    // As the Go encoder: zero values are left out.
    if (const auto bits = std::bit_cast<std::uint64_t>(sample.v); bits != 0) {
      message.add_fixed64(1, bits);
    }
    if (sample.t != 0) message.add_int64(2, sample.t);
  }
  for (int i = 0; i < series.exemplars; ++i) {
    protozero::pbf_writer exemplar(writer, 3);
    exemplar.add_double(2, 1.5);
  }
  for (int i = 0; i < series.histograms; ++i) {
    protozero::pbf_writer histogram(writer, 4);
    histogram.add_double(3, 1.5);
  }
  return bytes;
}

inline std::string encode(const std::vector<WireSeries>& request) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  for (const WireSeries& series : request) writer.add_message(1, encode(series));
  return bytes;
}

inline std::string snappy_block(std::string_view bytes) {
  std::string compressed;
  snappy::Compress(bytes.data(), bytes.size(), &compressed);
  return compressed;
}

}  // namespace silverback::testing
