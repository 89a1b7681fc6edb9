// Any message is either refused whole, leaving nothing, or taken; taken again, it adds nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ingest/remote_write.h"
#include "tests/ingest/recording_store.h"
#include "tests/ingest/remote_write_message.h"
#include "tests/testing/manual_clock.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace silverback;
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  testing::ManualClock clock(1'700'000'000'000);
  testing::RecordingStore store;
  const ingest::Acceptance acceptance(0, clock);
  ingest::RemoteWriteReceiver receiver([&store] { return store.appender(); }, acceptance, {},
                                       nullptr);
  static_cast<void>(receiver.write("", "", message));  // the message as if it were a snappy block
  const auto first = receiver.write("", "", testing::snappy_block(message));
  if (!first) {
    if (!store.samples.empty()) std::abort();
    return 0;
  }
  const auto again = receiver.write("", "", testing::snappy_block(message));
  if (!again || again->stored != 0) std::abort();
  if (again->duplicates + again->rejected != first->stored + first->duplicates + first->rejected) {
    std::abort();
  }
  return 0;
}
