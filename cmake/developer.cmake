# Settings for deltanet's own tests, benchmarks and examples. None of them reaches a user of the library.
option(DELTANET_NATIVE "Compile for this machine's processor" ${PROJECT_IS_TOP_LEVEL})
option(DELTANET_WERROR "Treat warnings as errors" OFF)
option(DELTANET_UNITY "Compile several small sources at a time, so that what they include is compiled once" ON)
option(DELTANET_SHARE_COMPILED "Build benchmarks and examples on what the tests have compiled: much sooner built, slower" OFF)
set(DELTANET_SANITIZE "" CACHE STRING "Sanitizers, such as address,undefined")
option(DELTANET_FUZZ "Offer the fuzz targets, deltanet_fuzzers; takes clang" OFF)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(DELTANET_SANITIZE)
  add_compile_options(-fsanitize=${DELTANET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DELTANET_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    add_compile_options(-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitizer_ignore.txt)
  endif()
endif()

# Each header compiled alone: cmake --build build --target all_verify_interface_header_sets
set_target_properties(deltanet PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON INTERFACE_HEADER_SETS_TO_VERIFY HEADERS)
if(TARGET deltanet_io)
  set_target_properties(deltanet_io PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endif()

# Flags of our own programs. The AVX-512 headers of g++ before 13 read variables "uninitialised" on purpose, and it warns wherever
# they are inlined (GCC bug 105593); other compilers still look for what is really uninitialised.
function(deltanet_own target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                         $<$<BOOL:${DELTANET_WERROR}>:-Werror> $<$<BOOL:${DELTANET_NATIVE}>:-march=native>
                         "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-uninitialized;-Wno-maybe-uninitialized>")
endfunction()

# deltanet_shares_compiled(target): it takes the templates of tests/support/compiled.hpp from the tests' library, and its sources
# are compiled several at a time, where DELTANET_SHARE_COMPILED says so.
function(deltanet_shares_compiled target)
  if(DELTANET_SHARE_COMPILED AND DELTANET_BUILD_TESTS)
    target_compile_options(${target} PRIVATE "SHELL:-include ${PROJECT_SOURCE_DIR}/tests/support/compiled.hpp")
    target_link_libraries(${target} PRIVATE deltanet_compiled)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ${DELTANET_UNITY} UNITY_BUILD_BATCH_SIZE 3)
  endif()
endfunction()
