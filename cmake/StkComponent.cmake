# stk_add_component(NAME SOURCES ...): the static library stk_NAME with the alias stk::NAME, made of this folder.
# stk_add_test(NAME SOURCES ... LIBS ...): a GoogleTest program registered with CTest, one test a case; with WHOLE one test
# and one process for all of it, whose cases share something that is slow to start.
include_guard()

add_library(stk_warnings INTERFACE)
target_compile_options(stk_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast)
# g++ 12 under a sanitizer takes Asio's recycled coroutine frames for a mismatch of new and delete.
target_compile_options(stk_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
  # It also takes parts of coroutine frames and of libstdc++ for uninitialized there; the sanitizers themselves look.
  target_compile_options(stk_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
if(STK_FUZZ)
  # Without it libFuzzer sees no branch of what it calls and only guesses.
  target_compile_options(stk_warnings INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(STK_WERROR)
  target_compile_options(stk_warnings INTERFACE -Werror)
endif()

function(stk_add_component name)
  cmake_parse_arguments(ARG "" "" "SOURCES" ${ARGN})
  add_library(stk_${name} STATIC ${ARG_SOURCES})
  add_library(stk::${name} ALIAS stk_${name})
  target_include_directories(stk_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_compile_features(stk_${name} PUBLIC cxx_std_23)
  target_link_libraries(stk_${name} PRIVATE stk_warnings)
endfunction()

function(stk_add_test name)
  cmake_parse_arguments(ARG "SERIAL;WHOLE" "LABEL;TIMEOUT" "SOURCES;LIBS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  set(serial FALSE)
  if(ARG_SERIAL)
    set(serial TRUE)  # each case of it alone: nothing else runs beside
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gtest_main stk_warnings)
  if(ARG_WHOLE)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT} RUN_SERIAL ${serial}
      SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
    return()
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 NO_PRETTY_VALUES
    PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} RUN_SERIAL ${serial})
endfunction()
