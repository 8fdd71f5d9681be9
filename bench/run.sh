#!/bin/sh
# Installs what is missing, builds the benchmarks in build/, runs them and writes JSON, a table and plots.
set -eu
here=$PWD
cd "$(dirname "$0")/.."

# All members at one size; Gated DeltaNet at all sizes and threads, in double at two of them; layers and models.
members='^(prefill|train)/.*/float/d128/H16/T2048/threads1$|^decode/.*/float/d128/H32/B1/threads1$'
sizes='^(prefill|train|decode)/gated_delta_net/float/|^(prefill|train)/gated_delta_net/double/d(64|128)/H16/T2048/threads1$'
standard="$members|$sizes|^layer.*/gated_delta_net/float/D1024|^model_"
quick='^(prefill|train)/(gated_delta_net|delta_net)/float/d(64|128|256)/H16/T(512|2048)/threads1$|^decode/gated_delta_net/float/|^(prefill)/gated_delta_net/float/d128/H2/|^layer/gated_delta_net/float/D1024/T2048|^model_train/.*D96'
filter=$standard out=build/bench/results repetitions=3 min_time=0.05

usage() {
  cat <<'HELP'
usage: sh bench/run.sh [--quick | --filter REGEX] [--repetitions N] [--out FOLDER]

Installs what is missing (Debian and Ubuntu, as root or with sudo), builds the benchmarks in build/ and runs them one by one:
each is checked, timed, and compared with the machine's multiply-add peak. Writes FOLDER/results.json, results.md and plots
(SVG). On two cores the build takes two minutes, the whole suite five, --quick little more than one.

  --quick            Gated DeltaNet and DeltaNet alone, few sizes
  --filter REGEX     benchmarks whose names match; bench/README.md explains names
  --repetitions N    of which the median counts (3)
  --out FOLDER       where results go (build/bench/results)
HELP
}
bad() {
  echo "error: $*; see --help" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case $1 in
  --help | -h) usage && exit 0 ;;
  --quick) filter=$quick min_time=0.01 ;;
  --filter | --repetitions | --out)
    [ $# -ge 2 ] || bad "$1 wants a value"
    case $1 in
    --filter) filter=$2 ;;
    --repetitions) repetitions=$2 ;;
    --out) case $2 in /*) out=$2 ;; *) out=$here/$2 ;; esac ;;
    esac
    shift
    ;;
  *) bad "unknown argument '$1'" ;;
  esac
  shift
done
case $repetitions in '' | *[!0-9]* | 0 | 1) bad "--repetitions: expected a number from 2, got '$repetitions'" ;; esac
mkdir -p "$out" && rm -rf "$out/parts" && mkdir "$out/parts" || bad "--out: cannot write $out"

. cmake/prepare.sh
need $packages gnuplot-nox
configure
build deltanet_benchmarks

list=$out/names
: >"$list"
for program in recurrence layer model; do
  build/bench/${program}_bench --benchmark_list_tests | sed -n 's|^\([a-z].*\)/real_time$|\1|p' | grep -E -e "$filter" |
    sed "s|^|$program |" >>"$list"
done
count=$(wc -l <"$list")
[ "$count" -gt 0 ] || bad "--filter: no benchmark matches '$filter'"

say "running $count benchmarks"
start=$(date +%s) i=0
while read -r program name; do
  i=$((i + 1))
  part=$out/parts/$(printf %04d $i).json
  build/bench/${program}_bench --benchmark_filter="^$name/real_time\$" --benchmark_repetitions="$repetitions" \
    --benchmark_min_time=$min_time --benchmark_out="$part" --benchmark_out_format=json >"$out/log" 2>&1 || {
    cat "$out/log" >&2
    fail "$name failed"
  }
  left=$((($(date +%s) - start) * (count - i) / i))
  printf '[%3d/%d, %d:%02d left] %-62s %s\n' $i "$count" $((left / 60)) $((left % 60)) "$name" "$(build/bench/report line "$part")"
done <"$list"
say "$count benchmarks in $(($(date +%s) - start)) s; written:"
build/bench/report page "$out"
