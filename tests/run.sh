#!/bin/sh
# Installs what is missing, builds the tests in build/ and runs them.
set -eu
cd "$(dirname "$0")/.."

if [ "${1-}" = --help ] || [ "${1-}" = -h ]; then
  cat <<'HELP'
usage: sh tests/run.sh [argument of ctest...]

Installs what is missing (Debian and Ubuntu, as root or with sudo), builds the tests in build/ and runs them.

  sh tests/run.sh                      all tests
  sh tests/run.sh -R layers            the tests of one folder
  build/tests/layers_tests --help      one test program alone, with the options of Catch2

DELTANET_CMAKE="-DDELTANET_WERROR=ON" sh tests/run.sh   gives arguments to cmake.
HELP
  exit 0
fi

. cmake/prepare.sh
need $packages
configure
build deltanet_tests
say "running the tests"
exec ctest --test-dir build --output-on-failure --parallel "$jobs" "$@"
