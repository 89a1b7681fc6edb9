# One folder = one static library `silverback_<name>`, included from the root (`#include "base/labels.h"`).
#
#   add_module(tsdb DEPS base EXTERNAL lmdb zstd)
#
# DEPS are other modules: the lines in the root CMakeLists.txt are the dependency table of the project, and
# tests/tidy_test.cc compares every #include with them. EXTERNAL are libraries or imported targets.
# A module's tests are tests/<name>/*_test.cc (one binary, <name>_test, with what else is in the folder), its
# micro-benchmarks bench/<name>/*_bench.cc (one binary, <name>_bench).

function(silverback_target_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(${target} PRIVATE ${SILVERBACK_WARNINGS})
endfunction()

function(silverback_target_defaults target)
  silverback_target_options(${target})
  if(SILVERBACK_PCH)
    target_precompile_headers(${target} REUSE_FROM silverback_pch)
  endif()
endfunction()

function(silverback_test_options target)
  silverback_target_options(${target})
  # What is tested is optimised in its libraries; -O2 would cost the tests themselves half as much again to compile.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_link_libraries(${target} PRIVATE GTest::gmock GTest::gtest_main)
endfunction()

function(silverback_test_defaults target)
  silverback_test_options(${target})
  if(SILVERBACK_PCH)
    target_precompile_headers(${target} REUSE_FROM silverback_test_pch)
  endif()
endfunction()

function(add_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPS;EXTERNAL")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  set(target silverback_${name})
  list(TRANSFORM arg_DEPS PREPEND silverback_)
  if(NOT sources)
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${arg_DEPS} ${arg_EXTERNAL})
    return()
  endif()
  add_library(${target} STATIC ${sources})
  silverback_target_defaults(${target})
  target_link_libraries(${target} PUBLIC ${arg_DEPS} ${arg_EXTERNAL})

  if(SILVERBACK_TESTS)
    file(GLOB_RECURSE tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${name}/*_test.cc)
    if(tests)
      file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${name}/*.cc)
      add_executable(${name}_test ${test_sources})
      silverback_test_defaults(${name}_test)
      target_link_libraries(${name}_test PRIVATE ${target} silverback_testing)
      gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
                           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} PROPERTIES TIMEOUT 900)
    endif()
  endif()
  if(SILVERBACK_BENCH)
    file(GLOB_RECURSE benches CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/${name}/*_bench.cc)
    if(benches)
      add_executable(${name}_bench ${benches})
      silverback_target_defaults(${name}_bench)
      target_link_libraries(${name}_bench PRIVATE ${target} benchmark::benchmark_main)
      if(SILVERBACK_TESTS)
        target_link_libraries(${name}_bench PRIVATE silverback_testing)
      endif()
    endif()
  endif()
endfunction()
