#!/bin/sh
# Builds the fuzz targets with clang and runs them side by side.
set -eu
cd "$(dirname "$0")/../.."

if [ "${1-}" = --help ] || [ "${1-}" = -h ] || [ $# -gt 1 ]; then
  cat <<'HELP'
usage: sh tests/fuzz/run.sh [SECONDS]

Builds the fuzz targets in build-fuzz/ with clang, libFuzzer and sanitizers, and runs each for SECONDS (60). They start from
tests/fuzz/corpus/ and keep what they learn in build-fuzz/corpus/. An input that crashes one, takes more than 10 s or asks for
256 MB at once is left in build-fuzz/: keep it in tests/fuzz/corpus/, which the tests replay.
HELP
  exit 0
fi
seconds=${1-60}

cmake --preset fuzz-clang --log-level=NOTICE
cmake --build build-fuzz --target deltanet_fuzzers

failures=0
jobs=
for target in safetensors config; do
  mkdir -p build-fuzz/corpus/$target
  build-fuzz/tests/fuzz_$target -max_total_time="$seconds" -timeout=10 -malloc_limit_mb=256 -max_len=16384 -print_final_stats=1 \
    -dict=tests/fuzz/json.dict -artifact_prefix=build-fuzz/$target- build-fuzz/corpus/$target tests/fuzz/corpus/$target \
    >build-fuzz/$target.log 2>&1 &
  jobs="$jobs $target:$!"
done
for job in $jobs; do
  target=${job%:*}
  if wait "${job#*:}"; then
    echo "$target: nothing found in $(sed -n 's/^stat::number_of_executed_units: *//p' build-fuzz/$target.log) runs"
  else
    echo "$target: FAILED"
    tail -n 60 build-fuzz/$target.log
    failures=$((failures + 1))
  fi
done
exit $((failures > 0))
