// Any page, in either format, either fails or, printed and read again, is the same page; and a
// guess at the next series changes nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/ingest/exposition_printer.h"

namespace {

using silverback::ingest::Exposition;
using silverback::ingest::ExpositionFormat;
using silverback::testing::PageEntry;

void require(bool holds) {
  if (!holds) std::abort();
}

// OpenMetrics's timestamps are floats, cut to milliseconds: not every one comes back as it was.
void drop_timestamps(std::vector<PageEntry>& entries) {
  for (PageEntry& entry : entries) {
    entry.timestamp.reset();
    if (entry.exemplar) entry.exemplar->timestamp.reset();
  }
}

// Guesses the series before, or a part of it.
void check_guesses(std::string_view page, ExpositionFormat format) {
  Exposition plain(page, format);
  Exposition guessing(page, format);
  std::string guess;
  while (true) {
    const auto want = plain.next();
    const auto got = guessing.next(guess);
    require(want.has_value() == got.has_value());
    if (!want) {
      require(want.error().message == got.error().message);
      return;
    }
    require(*want == *got);
    if (*want == Exposition::Entry::kEnd) return;
    if (*want != Exposition::Entry::kSample) continue;
    require(plain.series_text() == guessing.series_text());
    require(silverback::testing::copy_entry(*want, plain) ==
            silverback::testing::copy_entry(*got, guessing));
    guess = plain.series_text();
  }
}

void check_page(std::string_view page, ExpositionFormat format) {
  check_guesses(page, format);
  auto entries = silverback::testing::read_page(page, format);
  if (!entries) return;
  if (format == ExpositionFormat::kOpenMetrics) drop_timestamps(*entries);
  const std::string printed = silverback::testing::print_page(*entries, format);
  const auto again = silverback::testing::read_page(printed, format);
  require(again.has_value() && *again == *entries);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view page(reinterpret_cast<const char*>(data), size);
  check_page(page, ExpositionFormat::kText);
  check_page(page, ExpositionFormat::kOpenMetrics);
  return 0;
}
