#!/bin/sh
# compare_test.sh PROGRAM: the exit codes and messages of the comparison, its report, and that a run that was killed goes on.
set -u
program=$1
. "$(dirname "$0")/expect.sh"

small="--hidden-size 16 --num-layers 1 --num-heads 1 --head-dim 8 --parameters 4000 --batch 4 --test-sequences 8"

refuses "--nonsense" --nonsense
refuses "--steps" --steps many
refuses "--seeds" --seeds 0
refuses "--length" --length 0
refuses "--preset: expected one of quick, standard, long, got slow" --preset slow
refuses "task: expected one of " --tasks parity,chess
refuses "model: expected one of linear_attention, " --models delta_net,transformer
: >taken
refuses "taken/report" $small --report taken/report
refuses "/dev/full" --report /dev/full/report

"$program" --help >out 2>err || fail "--help: expected exit code 0, got $?"
grep -q -e --preset out || fail "--help does not tell of --preset"
"$program" --list >out 2>err || fail "--list: expected exit code 0, got $?"
for name in parity piecewise_regression delta_net gated_delta_net_neg attention quick standard long; do
  grep -q "^  $name " out || fail "--list does not tell of $name"
done

# Every model, on two tasks.
all=$("$program" --list | sed -n '/^models/,/^presets/s/^  \([a-z0-9_]*\) .*/\1/p' | paste -sd,)
"$program" $small --tasks parity,mqar_small --models "$all" --steps 2 --report all >out 2>err || fail "all models: exit code $?: $(cat err)"
grep -q failed out && fail "all models: $(grep failed out)"
for file in index.html results.md results.csv runs.jsonl; do [ -s all/$file ] || fail "all models: no $file"; done
[ "$(grep -c '^parity,' all/results.csv)" -ge 15 ] || fail "all models: expected a line for each, got $(cat all/results.csv)"
grep -q 'KDA' all/index.html || fail "all models: the page does not tell of KDA"
if command -v gnuplot >/dev/null; then
  page=all/index.html
  figures=$(grep -c '<figure>' $page)  # three plots of lines a task; a map for each model; writes of the 15 with a memory
  [ "$figures" -ge 48 ] || fail "the page: expected 48 figures and more, got $figures"
  [ "$(grep -c '<g id="gnuplot_canvas">' $page)" -eq "$figures" ] || fail "the page: a figure without a drawing"
  for title in guessing KDA 'Titans LMM'; do  # in the legend of each task, and as the name of each task's three or two lines
    [ "$(grep -c "</svg>$title</button>" $page)" -eq 2 ] || fail "the page: expected $title in two legends"
    [ "$(grep -c "<title>$title</title>" $page)" -ge 4 ] || fail "the page: lines have no name $title"
  done
  for axis in 'accuracy (share of answers)' 'length of the sequence (tokens)' 'training (steps)' 'position (tokens read)' \
    'norm of the state' pairs 'key channel' 'value channel' 'output channel' entry change; do
    grep -q "<text>$axis</text>" $page || fail "the page: no axis $axis"
  done
  for write in 'DeltaNet, before token' 'DeltaNet, after token' 'Titans MAC, change by token'; do
    grep -q "<figcaption>$write [0-9]*</figcaption>" $page || fail "the page: no picture $write"
  done
  wide=$(grep -o 'viewBox="0 0 [0-9]*' $page | awk '$3 > 400' | wc -l)
  [ "$wide" -eq 0 ] || fail "the page: $wide drawings are wider than a telephone, where their texts would be too small"
  "$program" --tasks parity --models lmm --steps 1 --batch 1 --test-sequences 1 --num-layers 1 --num-heads 1 --head-dim 64 \
    --report wide >out 2>err || fail "a wide memory: exit code $?: $(cat err)"
  grep -q 'change by token [0-9]* (means of 2 x 4 entries)' wide/index.html || fail "a wide memory is drawn as it is"
else
  grep -q 'gnuplot was not found' out || fail "without gnuplot: expected to be told"
fi

# Numbers: every model, and the oracles in rows beside them.
"$program" $small --preset standard --tasks piecewise_regression --models "$all" --seeds 1 --steps 2 --report numbers >out 2>err ||
  fail "numbers: exit code $?: $(cat err)"
grep -q failed out && fail "numbers: $(grep failed out)"
head -1 numbers/results.csv | grep -q 'length,dial,accuracy,exact_match,relative_error,failure$' || fail "numbers: columns $(head -1 numbers/results.csv)"
[ "$(grep -cE '^piecewise_regression,[a-z0-9_]+,.*,,,,[0-9.e+]+,""$' numbers/results.csv)" -ge 45 ] ||
  fail "numbers: expected three relative errors a model, got $(cat numbers/results.csv)"
for oracle in 'Kalman filter' '"RLS, lambda 0.98"' '"delta rule, beta 0.5"'; do
  [ "$(grep -cE "^piecewise_regression,$oracle,1,0,0,0,.*,,,,[0-9.e+]+,\"\"\$" numbers/results.csv)" -eq 3 ] || fail "numbers: no row of $oracle"
done
grep -qE '^\| Kalman filter \(oracle\) \| \| \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|$' numbers/results.md || fail "numbers: no oracle in results.md"
grep -q 'Kalman filter .*relative error  [0-9.]* at 128  ' out || fail "numbers: $(cat out)"
if command -v gnuplot >/dev/null; then
  page=numbers/index.html
  for axis in 'relative error (1: the law is known)' 'position (counted from 1)' 'steps since the law jumped'; do
    grep -q "<text>$axis</text>" $page || fail "numbers: no axis $axis"
  done
  for caption in 'Relative error over length' 'Error by position' 'After a jump to a new law' 'After a jump back to an old law'; do
    grep -q "<figcaption>$caption</figcaption>" $page || fail "numbers: no plot $caption"
  done
  [ "$(grep -c '<title>Kalman filter</title>' $page)" -ge 4 ] || fail "numbers: no lines of the Kalman filter"
  grep -q '</svg>RLS, lambda 0.9</button>' $page || fail "numbers: the legend does not tell of the oracles"
fi

# Killed, then gone on with: as if nothing had happened; no run is done twice.
again="$small --tasks parity --steps 1500 --threads 1"
both="--models delta_net,gated_delta_net"
"$program" $again $both --report whole >/dev/null 2>err || fail "whole: $(cat err)"
"$program" $again $both --report parts >out 2>err &
job=$!
i=0
until [ -s parts/runs.jsonl ] || [ $i -ge 300 ]; do sleep 0.1 && i=$((i + 1)); done
sleep 0.3
kill -KILL $job 2>/dev/null
wait $job 2>/dev/null
printf '{"cut' >>parts/runs.jsonl
lines=$(grep -c setting parts/runs.jsonl)
"$program" $again $both --report parts >out 2>err || fail "after a kill: exit code $?: $(cat err)"
[ "$lines" -ge 1 ] || fail "after a kill: no finished run was kept"
[ "$(wc -l <parts/runs.jsonl)" -eq 2 ] || fail "after a kill: expected 2 runs, got $(wc -l <parts/runs.jsonl)"
cut -d, -f1-8,11- whole/results.csv >whole.csv
cut -d, -f1-8,11- parts/results.csv >parts.csv
cmp whole.csv parts.csv || fail "a comparison killed and gone on with differs from one that was not"

# Ctrl-C: stops cleanly, keeps where it was, and goes on from there; with tokens and with numbers.
numbers="$small --preset standard --tasks drifting_regression --seeds 1 --steps 4000 --length 64 --threads 1"
"$program" $numbers --models delta_net --report whole_numbers >/dev/null 2>err || fail "whole numbers: $(cat err)"
cut -d, -f1-8,11- whole_numbers/results.csv >whole_numbers.csv
grep -v gated whole.csv >whole_tokens.csv
for kind in tokens numbers; do
  [ $kind = tokens ] && flags=$again || flags=$numbers
  "$program" $flags --models delta_net --report stopped_$kind >out 2>err &
  job=$!
  i=0
  until [ -s stopped_$kind/speeds.json ] || [ $i -ge 300 ]; do sleep 0.1 && i=$((i + 1)); done
  sleep 0.5
  kill -INT $job 2>/dev/null
  wait $job || fail "Ctrl-C, $kind: expected exit code 0, got $?: $(cat err)"
  grep -qE "stopped after|delta_net" out || fail "Ctrl-C, $kind: $(cat out)"
  [ $kind = tokens ] || ls stopped_$kind/*.safetensors >/dev/null 2>&1 || fail "Ctrl-C, $kind: no checkpoint to go on from"
  "$program" $flags --models delta_net --report stopped_$kind >out 2>err || fail "after Ctrl-C, $kind: exit code $?: $(cat err)"
  cut -d, -f1-8,11- stopped_$kind/results.csv >stopped.csv
  cmp whole_$kind.csv stopped.csv || fail "a comparison of $kind stopped and gone on with differs from one that was not"
  ls stopped_$kind/*.safetensors >/dev/null 2>&1 && fail "$kind: a checkpoint of a finished run is left"
done

finish
