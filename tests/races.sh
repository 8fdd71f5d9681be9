#!/bin/sh
# The tests of what runs on several threads, with ThreadSanitizer.
set -eu
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
  cat <<'HELP'
usage: sh tests/races.sh

Compiles the tests of threads, of parallel products and of threads that share a state in build/races/ with clang and
ThreadSanitizer, and runs them: a data race ends them with an error.
HELP
  case $1 in --help | -h) exit 0 ;; *) exit 2 ;; esac
fi

. cmake/prepare.sh
need clang libclang-rt-dev libeigen3-dev catch2

folder=build/races
mkdir -p $folder
rm -f $folder/*.o
say "compiling"
# shellcheck disable=SC2016
printf '%s\n' support/main core/executor_test core/spin_wait_test core/thread_team_test core/current_executor_test core/threads_test \
  core/product_test recurrence/backward_piece_test |
  xargs -P "$(nproc)" -I{} sh -c 'clang++ -c "tests/$1.cpp" -o "$2/$(basename "$1").o" -std=c++20 -O1 -g -fsanitize=thread \
    -Iinclude -Itests -isystem /usr/include/catch2 -isystem /usr/include/eigen3' - {} $folder
clang++ -fsanitize=thread $folder/*.o -o $folder/thread_tests -pthread
say "running"
$folder/thread_tests
