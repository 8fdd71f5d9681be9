#!/bin/sh
# generate_test.sh PROGRAM MODELS: what the program writes from the tiny models of golden/, and its exit codes and messages.
set -u
program=$1
models=$2
. "$(dirname "$0")/expect.sh"

# writes MODEL PROMPT TEXT: the tokens that transformers generated, from reference.safetensors.
writes() {
  "$program" --model "$models/$1" --ids "$2" --max-new-tokens 40 >out 2>err || fail "$1: exit code $?: $(cat err)"
  [ "$(cat out)" = "$3" ] || fail "$1: expected $3, got $(cat out)"
  grep -q "tokens/s" err || fail "$1: no tokens/s"
}

writes qwen3_5_tiny "113,27,196,65,200,25,1,62,18,27,234,149,188,46,192,32,211,103,83,242,115,94,252,61,156,151,45,192,68,250,166,230,102,140,69,103,22,30,58,186" \
  "57 39 82 62 171 67 70 171 118 107 225 95 124 55 228 206 47 181 214 59 145 94 136 35 214 104 208 59 65 81 219 163 221 104 225 91 130 193 83 205"
writes olmo_hybrid_tiny "50,43,241,61,41,192,240,188,100,5,61,107,102,150,122,35,166,50,56,90,67,78,84,58,159,22,15,178,42,153,156,112,128,102,71,93,159,138,112,50" \
  "0 230 141 53 168 211 14 151 16 145 136 22 159 198 208 254 245 26 254 40 21 139 14 245 77 22 179 211 213 38 143 100 130 151 151 236 22 236 141 181"

copy() { # copy NAME: the tiny Qwen3.5, to be spoilt
  rm -rf "$1" && cp -r "$models/qwen3_5_tiny" "$1" && chmod -R u+w "$1"
}

"$program" --model "$models/qwen3_5_tiny" --prompt "ab" --max-new-tokens 3 >text 2>err || fail "bytes: $(cat err)"
[ "$(wc -c <text)" -eq 4 ] || fail "bytes: expected 3 and a newline"
draw() { "$program" --model "$models/qwen3_5_tiny" --ids 1,2 --max-new-tokens 9 --temperature 1 --top-k 50 --seed "$1" --threads "$2" 2>err; }
[ "$(draw 1 1)" = "$(draw 1 2)" ] || fail "the same seed writes another text with two threads"
[ "$(draw 1 1)" = "$(draw 2 1)" ] && fail "another seed writes the same text"

for dtype in bf16 f16; do
  "$program" --model "$models/qwen3_5_tiny" --ids 1,2,3 --max-new-tokens 5 --dtype $dtype >out 2>err || fail "$dtype: $(cat err)"
  [ "$(wc -w <out)" -eq 5 ] || fail "$dtype: expected 5 tokens, got $(cat out)"
done

copy ending && sed -i 's/"eos_token_id": null/"eos_token_id": [62, 300]/' ending/config.json
"$program" --model ending --ids 113,27,196,65,200,25,1,62,18,27,234,149,188,46,192,32,211,103,83,242,115,94,252,61,156,151,45,192,68,250,166,230,102,140,69,103,22,30,58,186 >out 2>err || fail "ending: $(cat err)"
[ "$(cat out)" = "57 39 82" ] || fail "ending: expected the tokens before 62, got $(cat out)"

copy cut
copy lacking && rm lacking/model.safetensors
copy sharded && rm sharded/model.safetensors
echo '{"weight_map": {"lm_head.weight": "model-00001-of-00001.safetensors"}}' >sharded/model.safetensors.index.json
copy other && sed -i 's/qwen3_5_text/llama/' other/config.json
copy wider && sed -i 's/"intermediate_size": 128/"intermediate_size": 96/' wider/config.json
copy vast && sed -i 's/"vocab_size": 256/"vocab_size": 1000000000/' vast/config.json
copy no_json && echo '{' >no_json/config.json
head -c 500000 "$models/qwen3_5_tiny/model.safetensors" >cut/model.safetensors
refuses "absent: expected a folder" --model absent --ids 1
refuses "cut/model.safetensors: " --model cut --ids 1
refuses "lacking" --model lacking --ids 1
refuses "sharded/model.safetensors.index.json: weight_map.lm_head.weight: expected the file" --model sharded --ids 1
refuses "other/config.json: model_type: expected" --model other --ids 1
refuses "model.layers.0.mlp.gate_proj.weight: expected F32 [96, 64], found F32 [128, 64]" --model wider --ids 1
refuses "vast/model.safetensors: expected" --model vast --ids 1
refuses "no_json/config.json: " --model no_json --ids 1
refuses "expected --ids or --prompt" --model "$models/qwen3_5_tiny"
refuses "ids: expected tokens in [0, 256), got 256" --model "$models/qwen3_5_tiny" --ids 256
refuses "prompt: expected at least one token" --model "$models/qwen3_5_tiny" --prompt ""
refuses "--dtype" --model "$models/qwen3_5_tiny" --ids 1 --dtype f8
refuses "--temperature" --model "$models/qwen3_5_tiny" --ids 1 --temperature -1

finish
