# Precompiled headers: what most files include of others and what costs most to parse, once for the product and once for
# the tests, which add gtest. None of our own: a change of one would compile everything anew.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cc CONTENT "")
set(precompiled_headers <algorithm> <chrono> <filesystem> <functional> <map> <memory> <optional> <string> <vector>
                        <tl/expected.hpp>)

add_library(silverback_pch OBJECT ${PROJECT_BINARY_DIR}/precompiled.cc)
silverback_target_options(silverback_pch)
target_link_libraries(silverback_pch PRIVATE tl::expected)
target_precompile_headers(silverback_pch PRIVATE ${precompiled_headers})

if(SILVERBACK_TESTS)
  add_library(silverback_test_pch OBJECT ${PROJECT_BINARY_DIR}/precompiled.cc)
  silverback_test_options(silverback_test_pch)
  target_link_libraries(silverback_test_pch PRIVATE tl::expected)
  target_precompile_headers(silverback_test_pch PRIVATE ${precompiled_headers} <gmock/gmock.h> <gtest/gtest.h>)
endif()
