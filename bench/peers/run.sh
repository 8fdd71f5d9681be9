#!/bin/sh
# Installs rivals, builds deltanet's side, and measures all of them in turns on the same inputs. README.md says what comes out.
set -eu
cd "$(dirname "$0")/../.."

rounds=5
seconds=0.5
cases="prefill_T512 prefill_T2048 train_T512 train_T2048 decode_B1 decode_B8
  prefill_T2048_init train_T2048_init decode_B1_init prefill_T2048_strong train_T2048_strong decode_B1_strong"
for argument in "$@"; do
  case $argument in
  --quick)
    rounds=3
    seconds=0.2
    cases="prefill_T512 train_T512 decode_B1 decode_B1_strong"
    ;;
  --help | -h)
    cat <<'HELP'
usage: sh bench/peers/run.sh [--quick]

Installs what is missing (packages of Debian and Ubuntu, as root or with sudo; what npm has in build/peers), builds
deltanet_peer in build/, and measures deltanet and its rivals in turns on the same inputs. Prints a table, and writes
build/peers/peers.md and build/peers/peers.json. Ends with 1 if a result was wrong.

  --quick    four short cases and three rounds: a minute or two instead of about twenty

Rivals that cannot be had are named in the table, with the reason.
HELP
    exit 0
    ;;
  *)
    echo "error: $argument: there is no such flag; --help lists them" >&2
    exit 2
    ;;
  esac
done

. cmake/prepare.sh
onnxruntime=1.30.0
peers=build/peers
lines=$peers/lines.jsonl

# absent IMPLEMENTATION WHY: a line of the table.
absent() {
  why=$(printf '%s' "$2" | tr '\t"\\' " '/")
  say "not available: $1: $why"
  printf '{"implementation": "%s", "not_available": "%s"}\n' "$1" "$why" >>"$lines"
}

prepare_onnx_runtime() {
  { command -v node && command -v npm; } >/dev/null || (need nodejs npm) || return 1
  installed=$(sed -n 's/^ *"version": "\(.*\)".*/\1/p' $peers/node_modules/onnxruntime-node/package.json 2>/dev/null || :)
  [ "$installed" != $onnxruntime ] || return 0
  say "installing onnxruntime-node $onnxruntime in $peers (300 MB)"
  npm install --prefix $peers --ignore-scripts --no-audit --no-fund --loglevel error onnxruntime-node@$onnxruntime
}

# Sets python to one that has PyTorch: your own, or Debian's, whose matrix products are 20 times faster with OpenBLAS than without.
prepare_pytorch() {
  python=python3
  "$python" -c 'import numpy, torch, sys; sys.exit(torch.__file__.startswith("/usr/lib/python3/"))' 2>/dev/null && return
  python=/usr/bin/python3
  (need python3-torch python3-numpy libopenblas0-openmp) && "$python" -c 'import numpy, torch'
}

# What went wrong, in a line.
reason() { grep -m 1 '[eE]rror' $peers/complaint || tail -n 1 $peers/complaint; }

# measure CONTESTANT CASE: lines of JSON.
measure() {
  file=$peers/$2.safetensors
  case $1 in
  deltanet) build/bench/deltanet_peer run "$file" $seconds $threads ;;
  onnx_runtime) node bench/peers/onnx_runtime.mjs $peers "$file" $seconds $threads ;;
  pytorch) "$python" bench/peers/pytorch.py "$file" $seconds $threads ;;
  esac
}

need $packages
configure
build deltanet_peer
mkdir -p $peers
: >$lines
contestants=deltanet
for rival in onnx_runtime pytorch; do
  if prepare_$rival 2>$peers/complaint; then contestants="$contestants $rival"; else absent $rival "$(reason)"; fi
done

say "writing inputs, and what the definition makes of them"
build/bench/deltanet_peer cases $peers $cases

# All keep memory that was freed, as programs that run for long do. OpenMP's threads do not spin: on a machine that others use
# too, spinning costs PyTorch nine tenths of its speed.
export MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=1073741824 MALLOC_TOP_PAD_=67108864 OMP_WAIT_POLICY=PASSIVE
threads=1
[ "$(nproc)" -lt 2 ] || threads="1 2"
total=$(($(echo "$cases" | wc -w) * rounds))
measured=0
start=$(date +%s)
for round in $(seq $rounds); do
  for case in $cases; do
    for contestant in $contestants; do
      measure "$contestant" "$case" >$peers/measured 2>$peers/complaint || {
        [ "$contestant" != deltanet ] || fail "$(cat $peers/complaint)"
        absent "$contestant" "failed on $case: $(reason)"
        contestants=$(echo " $contestants " | sed "s/ $contestant / /")
        continue
      }
      cat $peers/measured >>$lines
    done
    contestants="${contestants#* } ${contestants%% *}" # the next case begins with another
    measured=$((measured + 1))
    left=$((($(date +%s) - start) * (total - measured) / measured))
    say "round $round of $rounds: $case is measured, about $((left / 60)) min $((left % 60)) s left"
  done
done
echo
build/bench/deltanet_peer report $lines $peers
say "written: $peers/peers.md, $peers/peers.json"
