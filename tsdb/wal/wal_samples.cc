#include "tsdb/wal/wal_samples.h"

#include <bit>
#include <cstring>

#include "tsdb/codec/byte_io.h"

namespace silverback::tsdb {
namespace {

// A frame holds one commit group; this bounds what a made-up count can allocate.
constexpr std::uint64_t kSamplesMax = std::uint64_t{1} << 26;

void encode_ids(std::string& out, std::span<const LoggedSample> samples) {
  std::int64_t expected = 0;
  for (std::size_t i = 0; i < samples.size();) {
    std::size_t end = i + 1;
    while (end < samples.size() && samples[end].id == samples[end - 1].id + 1) ++end;
    put_signed(out, std::int64_t{samples[i].id} - expected);
    put_varint(out, end - i);
    expected = std::int64_t{samples[end - 1].id} + 1;
    i = end;
  }
}

void encode_times(std::string& out, std::span<const LoggedSample> samples) {
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < samples.size();) {
    std::size_t end = i + 1;
    while (end < samples.size() && samples[end].t == samples[i].t) ++end;
    const auto t = static_cast<std::uint64_t>(samples[i].t);
    put_signed(out, static_cast<std::int64_t>(t - last));
    put_varint(out, end - i);
    last = t;
    i = end;
  }
}

void encode_values(std::string& out, std::span<const std::uint64_t> xored) {
  for (std::size_t i = 0; i < xored.size();) {
    if (xored[i] == 0) {
      std::size_t end = i + 1;
      while (end < xored.size() && xored[end] == 0) ++end;
      out.push_back('\0');
      put_varint(out, end - i);
      i = end;
      continue;
    }
    const unsigned below = static_cast<unsigned>(std::countr_zero(xored[i])) / 8;
    const unsigned above = static_cast<unsigned>(std::countl_zero(xored[i])) / 8;
    const unsigned bytes = 8 - below - above;
    const std::uint64_t shifted = xored[i] >> (8 * below);
    char encoded[9];
    encoded[0] = static_cast<char>(below << 4 | bytes);
    std::memcpy(encoded + 1, &shifted, 8);
    out.append(encoded, 1 + bytes);
    ++i;
  }
}

bool decode_ids(ByteReader& in, std::vector<LoggedSample>& out) {
  std::int64_t next = 0;
  for (std::size_t i = 0; i < out.size();) {
    next += in.signed_varint();
    const std::uint64_t run = in.varint();
    if (!in.ok() || run == 0 || run > out.size() - i) return false;
    for (const std::size_t end = i + static_cast<std::size_t>(run); i < end; ++i, ++next) {
      if (next < 0 || next > 0xffff'ffff) return false;
      out[i].id = static_cast<std::uint32_t>(next);
    }
  }
  return true;
}

bool decode_times(ByteReader& in, std::vector<LoggedSample>& out) {
  std::uint64_t t = 0;
  for (std::size_t i = 0; i < out.size();) {
    t += static_cast<std::uint64_t>(in.signed_varint());
    const std::uint64_t run = in.varint();
    if (!in.ok() || run == 0 || run > out.size() - i) return false;
    for (const std::size_t end = i + static_cast<std::size_t>(run); i < end; ++i)
      out[i].t = static_cast<TimestampMs>(t);
  }
  return true;
}

bool decode_values(ByteReader& in, std::vector<LoggedSample>& out) {
  for (std::size_t i = 0; i < out.size();) {
    const auto control = in.fixed<std::uint8_t>();
    if (control == 0) {
      const std::uint64_t run = in.varint();
      if (!in.ok() || run == 0 || run > out.size() - i) return false;
      for (const std::size_t end = i + static_cast<std::size_t>(run); i < end; ++i)
        out[i].v_bits = 0;
      continue;
    }
    const unsigned bytes = control & 0xf, below = control >> 4;
    if (bytes == 0 || bytes + below > 8) return false;
    const std::string_view taken = in.bytes(bytes);
    if (!in.ok()) return false;
    std::uint64_t value = 0;
    std::memcpy(&value, taken.data(), taken.size());
    out[i++].v_bits = value << (8 * below);
  }
  return true;
}

}  // namespace

void encode_samples(std::string& out, std::span<const LoggedSample> samples,
                    std::span<const std::uint64_t> xored) {
  put_varint(out, samples.size());
  encode_ids(out, samples);
  encode_times(out, samples);
  encode_values(out, xored);
}

bool decode_samples(std::string_view body, std::vector<LoggedSample>& out) {
  ByteReader in(body);
  const std::uint64_t count = in.varint();
  if (!in.ok() || count > kSamplesMax) return false;
  out.resize(static_cast<std::size_t>(count));
  if (!decode_ids(in, out) || !decode_times(in, out) || !decode_values(in, out)) return false;
  return in.at_end();
}

}  // namespace silverback::tsdb
