#!/bin/sh
# Installs what is missing, builds one example in build/ and runs it; alone, the main job.
set -eu
here=$PWD
cd "$(dirname "$0")/.."
top=$PWD

names() { ls examples/*.cpp 2>/dev/null | sed 's|examples/||; s|\.cpp$||; s|^|  |'; }

case "${1-}" in
--help | -h)
  cat <<'HELP'
usage: sh examples/run.sh [NAME] [argument of the example...]

Installs what is missing (Debian and Ubuntu, as root or with sudo), builds the example NAME in build/ and runs it.

  sh examples/run.sh                         language_model: learns to write C++ from the Eigen headers, 3 minutes
  sh examples/run.sh language_model --help   its flags
  sh examples/run.sh --seed 2                language_model, with a flag

HELP
  echo "Examples:"
  names
  exit 0
  ;;
"" | -*) name=language_model ;;
*)
  name=$1
  shift
  [ -f "examples/$name.cpp" ] || {
    echo "error: there is no example '$name'; there are:" >&2
    names >&2
    exit 2
  }
  ;;
esac

. cmake/prepare.sh
need $packages
case "$name" in
language_model) need gnuplot-nox gzip xz-utils ;;
compare) need gnuplot-nox ;;
esac
configure
build "$name"
say "running build/examples/$name $*"
cd "$here"
exec "$top/build/examples/$name" "$@"
