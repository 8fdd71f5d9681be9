#!/bin/sh
# language_model_test.sh PROGRAM: the exit codes and messages of the main job, and that a run that was stopped goes on to the bit.
set -u
program=$1
. "$(dirname "$0")/expect.sh"

i=0
while [ $i -lt 200 ]; do
  echo "line $i of a text that counts: $((i * i))"
  i=$((i + 1))
done >text
: >empty
echo x >short
mkdir taken && : >taken/file
small="--data text --hidden-size 16 --num-layers 1 --num-heads 1 --head-dim 8 --intermediate-size 16 --batch 2 --seq-len 16"

refuses "--nonsense" --nonsense
refuses "--steps" --steps many
refuses "--steps" --steps -1
refuses "--model" --model transformer
refuses "--held-out" --held-out 2
refuses "--temperature" --temperature -1
refuses "--adapt-lr" --adapt-lr -1
refuses "absent" --data absent
refuses "empty: the file is empty" --data empty
refuses "the text has 2 bytes to train on" --data short
refuses "taken/file" $small --out taken/file/run
refuses "absent" --resume absent
refuses "text: expected" --resume text --out run
refuses "head_dim" --data text --head-dim 3 --expand-v 0.5
refuses "prompt" $small --prompt ""

"$program" --help >out 2>err || fail "--help: expected exit code 0, got $?"
grep -q -e --time-budget out || fail "--help does not tell of --time-budget"
models="delta_net gated_delta_net lmm ttt_linear ttt_mlp mac mag mal"
"$program" --model transformer >/dev/null 2>err
for model in $models; do
  grep -qw -e $model out || fail "--help does not tell of the model $model"
  grep -qw -e $model err || fail "the error for an unknown model does not tell of $model"
done

for model in gated_delta_net delta_net; do
  "$program" $small --model $model --steps 20 --sample-bytes 20 --out $model >out 2>err || fail "$model: exit code $?: $(cat err)"
  for words in "$model" "learning as it reads" "gzip -9" "xz -9" "bits per byte" "sample" "loss curve" "continue"; do
    grep -qF -e "$words" out || fail "$model: expected \"$words\" in the output"
  done
  for file in checkpoint.safetensors loss.tsv; do [ -s $model/$file ] || fail "$model: no $file"; done
done
"$program" --resume delta_net/checkpoint.safetensors --steps 20 --adapt-lr 0 --sample-bytes 0 >out 2>err || fail "--adapt-lr 0: $(cat err)"
grep -q "learning as it reads" out && fail "--adapt-lr 0: the held-out text was learnt"
refuses "excludes" --resume delta_net/checkpoint.safetensors --hidden-size 32
for model in $models; do
  [ -d $model ] && continue
  "$program" $small --model $model --segment-size 4 --window-size 4 --mini-batch 4 --steps 4 --sample-bytes 5 --out $model >out 2>err ||
    fail "$model: exit code $?: $(cat err)"
  "$program" --resume $model/checkpoint.safetensors --steps 6 --adapt-lr 0 --sample-bytes 0 >out 2>err ||
    fail "$model: --resume: exit code $?: $(cat err)"
  for words in "model     $model" "continued after step 4" "bits per byte"; do
    grep -qF -e "$words" out || fail "$model: expected \"$words\" in the output"
  done
done
mv text other && sed s/counts/changes/ other >text
refuses "another text" --resume delta_net/checkpoint.safetensors --steps 30
mv other text

# The bytes of a checkpoint's tensors: all after the header, whose length is the first number.
tensors() {
  header=$(od -An -t u8 -N 8 "$1" | tr -d ' ')
  tail -c +$((header + 9)) "$1"
}

steps=3000
"$program" $small --steps $steps --sample-bytes 0 --out whole >/dev/null 2>err || fail "whole run: $(cat err)"
"$program" $small --steps $steps --sample-bytes 0 --out parts >out 2>err &
job=$!
sleep 1
kill -INT $job 2>/dev/null
wait $job || fail "a run stopped by Ctrl-C: expected exit code 0, got $?: $(cat err)"
grep -E "stopped at step|held out" out || fail "a run stopped by Ctrl-C does not say so: $(cat out)"
"$program" --resume parts/checkpoint.safetensors --steps $steps --sample-bytes 0 >out 2>err || fail "resume: $(cat err)"
tensors whole/checkpoint.safetensors >whole.tensors
tensors parts/checkpoint.safetensors >parts.tensors
cmp whole.tensors parts.tensors || fail "a run stopped and resumed differs from one that was not stopped"

finish
