#!/bin/sh
# Installs what is missing, builds the benchmarks in build/, runs them and writes JSON, a table and plots.
set -eu
here=$PWD
cd "$(dirname "$0")/.."

# All members at one size, with all gates; Gated DeltaNet at all sizes and threads, in double at two of them; layers, models and
# AdamW. Of these `both` with memory that is kept as well.
gates='(/(init|strong|mixed))?$'
members="^(prefill|train)/.*/float/d128/H16/T2048/threads1$gates|^decode/.*/float/d128/H32/B1/threads1$gates"
sizes='^(prefill|train|decode)/gated_delta_net/float/|^(prefill|train)/gated_delta_net/double/d(64|128)/H16/T2048/threads1$'
layers='^layer.*/gated_delta_net/float/D1024|^layer.*/(neural_memory|window_attention)/float/D256/(T2048|B1)/threads1(/strong)?$'
standard="$members|$sizes|$layers|^model_|^adamw/"
both='^(prefill|train)/.*/float/d128/H16/T2048/threads1$|^decode/.*/float/d128/H32/B1/threads1$|^(layer|model)_train/.*/threads1$'
quick='^(prefill|train)/(gated_delta_net|delta_net)/float/d(64|128|256)/H16/T(512|2048)/threads1$|^decode/gated_delta_net/float/.*threads[0-9]+$|^(prefill)/gated_delta_net/float/d128/H2/|^layer/gated_delta_net/float/D1024/T2048/.*threads[0-9]+$|^model_train/.*D96.*threads[0-9]+$'
quick="$quick|^(prefill|train|decode)/gated_delta_net/float/d128/.*(T2048|B1)/threads1/(strong|mixed)$"
filter=$standard out=build/bench/results repetitions=3 min_time=0.05

usage() {
  cat <<'HELP'
usage: sh bench/run.sh [--quick | --filter REGEX] [--repetitions N] [--out FOLDER]

Installs what is missing (Debian and Ubuntu, as root or with sudo), builds the benchmarks in build/ and runs them one by one:
each is checked, timed, and compared with the machine's multiply-add peak. Gates that forget slowly (mild) are measured beside
those of new layers (init), those that forget at once (strong) and heads of all kinds (mixed), memory as the C library hands it
out (plain) beside memory that is kept. Writes FOLDER/results.json, results.md and plots (SVG). The build takes some minutes,
--quick one or two, the whole suite as long as each of its lines says.

  --quick            Gated DeltaNet and DeltaNet alone, few sizes; strong and mixed gates at one
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
for program in recurrence layer model adamw; do
  build/bench/${program}_bench --benchmark_list_tests | sed -n 's|^\([a-z].*\)/real_time$|\1|p' | grep -E -e "$filter" |
    while read -r name; do
      echo "plain $program $name"
      if echo "$name" | grep -qE -e "$both"; then echo "kept $program $name"; fi
    done >>"$list"
done
count=$(wc -l <"$list")
[ "$count" -gt 0 ] || bad "--filter: no benchmark matches '$filter'"

say "running $count benchmarks"
start=$(date +%s) i=0
while read -r memory program name; do
  i=$((i + 1))
  part=$out/parts/$(printf %04d $i).json
  build/bench/${program}_bench --memory="$memory" --benchmark_filter="^$name/real_time\$" \
    --benchmark_repetitions="$repetitions" --benchmark_min_time=$min_time --benchmark_out="$part" \
    --benchmark_out_format=json >"$out/log" 2>&1 || {
    cat "$out/log" >&2
    fail "$name failed"
  }
  left=$((($(date +%s) - start) * (count - i) / i))
  printf '[%3d/%d, %d:%02d left] %-69s %-5s %s\n' $i "$count" $((left / 60)) $((left % 60)) "$name" "$memory" \
    "$(build/bench/report line "$part")"
done <"$list"
say "$count benchmarks in $(($(date +%s) - start)) s; written:"
build/bench/report page "$out"
