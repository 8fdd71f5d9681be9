#!/bin/sh
# The tests of the kernels, compiled for other processors than this one.
set -eu
cd "$(dirname "$0")/.."

if [ $# = 0 ] || [ "$1" = --help ] || [ "$1" = -h ]; then
  cat <<'HELP'
usage: sh tests/portable.sh TARGET...

Compiles the tests of the kernels for each TARGET in build/portable/ and runs them:

  x86-64       SSE2, no fused multiply-add: what every such machine has
  x86-64-v3    AVX2 and fused multiply-add
  x86-64-v4    AVX-512
  aarch64      NEON, run by qemu (Debian's g++-aarch64-linux-gnu and qemu-user are installed if missing)

A target that this machine cannot run is compiled, and said to be left at that.
HELP
  [ $# -gt 0 ] || exit 2
  exit 0
fi

. cmake/prepare.sh
need g++ libeigen3-dev catch2

runs_here() { # whether the processor has what the target needs
  case $1 in
  x86-64-v3) grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo ;;
  x86-64-v4) grep -qw avx512f /proc/cpuinfo && grep -qw avx512vl /proc/cpuinfo ;;
  esac
}

for target in "$@"; do
  case $target in
  x86-64 | x86-64-v3) compiler=g++ flags=-march=$target runner= ;;
  x86-64-v4) compiler=g++ flags="-march=$target -Wno-uninitialized -Wno-maybe-uninitialized" runner= ;; # false in the compiler's own headers
  aarch64)
    need g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
    compiler=aarch64-linux-gnu-g++ flags="-static -Wno-psabi" runner=qemu-aarch64 # a note on how GCC 10 passed pairs
    ;;
  *)
    echo "error: unknown target '$target'; see --help" >&2
    exit 2
    ;;
  esac
  folder=build/portable/$target
  mkdir -p "$folder/include"
  rm -f "$folder"/*.o
  for headers in eigen3 catch2; do ln -sfn /usr/include/$headers "$folder/include/$headers"; done # nothing else of this machine
  say "$target: compiling"
  # shellcheck disable=SC2086,SC2016
  printf '%s\n' support/main core/packet_test core/tile_product_test core/block_product_test core/widen_test core/lane_sums_test \
    core/packet_map_test core/row_products_test core/row_sums_test core/token_product_test recurrence/panel_test \
    recurrence/panel_backward_test recurrence/open_chunk_test recurrence/streamed_test |
    xargs -P "$(nproc)" -I{} sh -c 'source=$1 folder=$2; shift 2; "$@" -c "tests/$source.cpp" -o "$folder/$(basename "$source").o"' \
      - {} "$folder" $compiler -std=c++20 -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror $flags -Iinclude -Itests \
      -isystem "$folder/include" -isystem "$folder/include/eigen3"
  $compiler $flags "$folder"/*.o -o "$folder/kernel_tests" -pthread
  if runs_here "$target"; then
    say "$target: running"
    $runner "$folder/kernel_tests"
  else
    say "$target: compiled; this processor cannot run it"
  fi
done
