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
refuses "File does not exist: absent" --tasks niah_number --haystack absent
refuses "actually a directory" --tasks niah_number --haystack .
: >empty
echo "x" >short
refuses "empty: the file is empty" --tasks niah_number --haystack empty
refuses "--haystack: expected at least 512 bytes in the first nine tenths of the text, where niah_number is trained, got 2" \
  --tasks niah_number --haystack short
awk 'BEGIN { for (i = 0; i < 999; ++i) printf "0123456789" }' >short
refuses "--haystack: expected at least 1024 bytes in the last tenth of the text, where needle_text is tested, got 999" \
  --tasks needle_text --haystack short
refuses "--haystack: expected a task that hides needles in text" --tasks parity --haystack short
refuses "--preset: expected one of quick, standard, reading, long, got slow" --preset slow
refuses "task: expected one of " --tasks parity,chess
refuses "model: expected one of linear_attention, " --models delta_net,transformer
: >taken
refuses "taken/report" $small --report taken/report
refuses "/dev/full" --report /dev/full/report

"$program" --help >out 2>err || fail "--help: expected exit code 0, got $?"
for flag in --preset --haystack; do grep -q -e $flag out || fail "--help does not tell of $flag"; done
"$program" --list >out 2>err || fail "--list: expected exit code 0, got $?"
for name in parity needle_text piecewise_regression delta_net gated_delta_net_neg attention quick standard reading long; do
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

# Needles in text: of two files, or by default of the Eigen headers. Other texts, other runs; equal ones are not done again.
awk 'BEGIN { for (i = 0; i < 4000; ++i) printf "ab ab ab. " }' >one
awk 'BEGIN { for (i = 0; i < 4000; ++i) printf "cd cd cd. " }' >two
needles="$small --tasks needle_text,niah_number --models delta_net --length 512 --steps 2 --report text"
hides() {  # hides RUNS ARGUMENT...: the folder has so many runs after this one
  expected=$1
  shift
  "$program" $needles "$@" >out 2>err || fail "needles in text $*: exit code $?: $(cat err)"
  [ "$(grep -c setting text/runs.jsonl)" -eq "$expected" ] || fail "needles in text $*: expected $expected runs, got $(cat out)"
}
hides 2 --haystack one two
grep -q "^haystack: 80000 bytes of 2 files, the last 8000 for the tests" out || fail "the text is not told: $(cat out)"
hides 2 --haystack one two
hides 4 --haystack two one
hides 6
hides 6
[ "$(grep -c '"haystack":' text/runs.jsonl)" -eq 5 ] || fail "without --haystack: expected niah_number alone to have none"

# Half of the batches that needle_text trains on ask for the text, and one that repeats itself is soon known: the mean loss falls
# below ln 8 = 2.08, that of guessing one of 8 values.
"$program" $small --tasks needle_text --models delta_net --haystack one --length 64 --steps 240 --lr 0.02 --report known >out 2>err ||
  fail "a text that repeats itself: exit code $?: $(cat err)"
awk -F, 'NR > 1 && $11 > 1.7 { exit 1 }' known/results.csv || fail "a text that repeats itself is not learnt: $(cat known/results.csv)"

# Numbers: every model, and the oracles in rows beside them.
"$program" $small --preset reading --tasks piecewise_regression --models "$all" --seeds 1 --steps 2 --report numbers >out 2>err ||
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
numbers="$small --preset reading --tasks drifting_regression --seeds 1 --steps 4000 --length 64 --threads 1"
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
