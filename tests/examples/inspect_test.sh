#!/bin/sh
# inspect_test.sh PROGRAM CASE.safetensors: what inspect prints of a file, of a folder and of what is neither.
set -u
program=$1
case=$2
. "$(dirname "$0")/expect.sh"

# prints LINE ARGUMENT...: exit code 0 and a line that matches.
prints() {
  line=$1
  shift
  "$program" "$@" >out 2>err || fail "$*: expected exit code 0, got $?: $(cat err)"
  grep -qE -e "$line" out || fail "$*: expected \"$line\", got $(cat out)"
}

# safetensors FILE HEADER BYTES: a file with that header, whose length must be less than 256, and so many zeros.
safetensors() {
  { printf "\\$(printf %03o ${#2})\\000\\000\\000\\000\\000\\000\\000%s" "$2" && head -c "$3" /dev/zero; } >"$1"
}

mkdir model shards
safetensors model/model.safetensors '{"l.10.w":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},"l.9.w":{"dtype":"F32","shape":[],"data_offsets":[12,16]}}' 16
safetensors shards/1.safetensors '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}' 8
echo '{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}' >shards/model.safetensors.index.json

prints "--json" --help
prints "^o  *F64 " "$case"
prints "^l\.10\.w  *BF16  *6  *12  \[2, 3\]$" model
prints "^total  *2 tensors, 7 parameters, 16 bytes$" model/model.safetensors
[ "$(grep -n '^l.9.w' out | cut -d: -f1)" -lt "$(grep -n '^l.10.w' out | cut -d: -f1)" ] || fail "l.9.w does not come before l.10.w"
grep -q "model type" out && fail "a model type without config.json"
prints '"parameters": 7,' model --json

cat >model/config.json <<'CONFIG'
{"model_type": "qwen3_5_text", "layer_types": ["linear_attention", "linear_attention", "full_attention"], "linear_num_key_heads": 2,
 "linear_num_value_heads": 4, "linear_key_head_dim": 8, "linear_value_head_dim": 16, "linear_conv_kernel_dim": 4, "hidden_size": 64,
 "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32}
CONFIG
prints "^model type qwen3_5_text, 1 full_attention, 2 linear_attention$" model
prints "16\.00 kB a layer and sequence in float: memories \[4, 8, 16\], tokens that wait to be written \[4, 800\], " model # 4 (512 + 3200 + 288)
prints "inputs of the convolutions \[96, 3\]$" model
prints "512 bytes a token" model # 4 * 2 * 2 * 32
prints '"bytes_per_sequence": 32000' model --json
sed -i 's/"linear_key_head_dim": 8/"linear_key_head_dim": "8"/' model/config.json
refuses 'config.json: linear_key_head_dim: expected a whole number, found "8"' model
echo '{"model_type": "llama"}' >model/config.json
prints "not known for this model type" model
echo '{' >model/config.json
refuses "config.json: file: expected JSON" model

refuses "--nonsense" --nonsense model
refuses "path" --json
refuses "absent: cannot open" absent
refuses "expected model.safetensors or model.safetensors.index.json, found neither" .
refuses "weight_map.b: expected the file 2.safetensors" shards
refuses "weight_map.b: expected the file 2.safetensors" shards/model.safetensors.index.json
head -c 150 "$case" >truncated
refuses "truncated: expected a header within 150 bytes" truncated
head -c -1 "$case" >truncated
refuses "truncated: " truncated
safetensors names '{"a\n\u001b":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}' 4
refuses 'names: a\x0a\x1b: expected 8 bytes for F32 [2], found 4' names

finish
