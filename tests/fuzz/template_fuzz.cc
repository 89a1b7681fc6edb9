// Any text either is no template, or fails, or expands within its limits; and what is a template
// once is one again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tests/rules/template/expansion.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace templates = silverback::templates;
  static const templates::Data alert = silverback::testing::alert_data();
  static const templates::Environment environment = [] {
    templates::Environment made = silverback::testing::alert_environment();
    made.bytes_max = 10'000;
    return made;
  }();
  constexpr templates::ExecutionLimits kLimits{
      .output_bytes_max = 10'000, .steps_max = 10'000, .depth_max = 20};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const bool is_template = templates::Template::parse(text, "t").has_value();
  const auto expanded = templates::expand(text, "t", alert, environment, kLimits);
  if (expanded && (!is_template || expanded->size() > kLimits.output_bytes_max)) std::abort();
  if (!expanded && is_template == expanded.error().message.starts_with("error parsing"))
    std::abort();
  return 0;
}
