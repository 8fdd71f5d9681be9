# Each dependency is looked for on the machine first; what is missing is fetched at the commit pinned here.
# Targets that exist already, because the project around us made them, are used as they are.
include(FetchContent)

# A dependency that is only headers: its own build is not entered, its target is made here.
#   deltanet_find_headers(NAME package TARGET target GIT url COMMIT hash [INCLUDE folder-with-the-headers])
function(deltanet_find_headers)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TARGET;GIT;COMMIT;INCLUDE" "")
  if(TARGET ${arg_TARGET})
    return()
  endif()
  FetchContent_Declare(${arg_NAME} GIT_REPOSITORY ${arg_GIT} GIT_TAG ${arg_COMMIT} SOURCE_SUBDIR headers-only
                       FIND_PACKAGE_ARGS GLOBAL)
  FetchContent_MakeAvailable(${arg_NAME})
  if(NOT TARGET ${arg_TARGET})
    string(TOLOWER ${arg_NAME} name)
    add_library(${arg_TARGET} INTERFACE IMPORTED GLOBAL)
    target_include_directories(${arg_TARGET} INTERFACE ${${name}_SOURCE_DIR}/${arg_INCLUDE})
  endif()
endfunction()

# Eigen 3.4 is the least. No version is asked for, as Eigen 5 would refuse a request for 3.4.
function(deltanet_find_eigen)
  deltanet_find_headers(NAME Eigen3 TARGET Eigen3::Eigen GIT https://gitlab.com/libeigen/eigen.git
                        COMMIT 3147391d946bb4b6c68edd901f2add6ac1f31f8c) # 3.4.0
endfunction()

function(deltanet_find_json)
  deltanet_find_headers(NAME nlohmann_json TARGET nlohmann_json::nlohmann_json GIT https://github.com/nlohmann/json.git
                        COMMIT 9cca280a4d0ccf0c08f47a99aa71d1b0e52f8d03 INCLUDE include) # 3.11.3
endfunction()

function(deltanet_find_cli11)
  deltanet_find_headers(NAME CLI11 TARGET CLI11::CLI11 GIT https://github.com/CLIUtils/CLI11.git
                        COMMIT 6c7b07a878ad834957b98d0f9ce1dbe0cb204fc9 INCLUDE include) # 2.4.2
endfunction()

function(deltanet_find_catch2)
  FetchContent_Declare(Catch2 GIT_REPOSITORY https://github.com/catchorg/Catch2.git
                       GIT_TAG fa43b77429ba76c462b1898d6cd2f2d7a9416b14 SYSTEM # 3.7.1
                       FIND_PACKAGE_ARGS GLOBAL)
  FetchContent_MakeAvailable(Catch2)
endfunction()

function(deltanet_find_benchmark)
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_INSTALL OFF)
  FetchContent_Declare(benchmark GIT_REPOSITORY https://github.com/google/benchmark.git
                       GIT_TAG 344117638c8ff7e239044fd0fa7085839fc03021 SYSTEM # 1.8.3
                       FIND_PACKAGE_ARGS GLOBAL)
  FetchContent_MakeAvailable(benchmark)
endfunction()
