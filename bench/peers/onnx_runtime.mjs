// ONNX Runtime's LinearAttention on one case, for run.sh: a line of JSON for each number of threads.
//   node onnx_runtime.mjs FOLDER-OF-NODE-MODULES CASE.safetensors SECONDS THREADS...
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';

const [modules, path, seconds, ...threads] = process.argv.slice(2);
const { tensors, metadata } = readSafetensors(path);
const { what, allowed_error } = metadata;
const [B, T, H, K, V] = ['B', 'T', 'H', 'K', 'V'].map((name) => Number(metadata[name]));
if (what === 'train') process.exit(0); // the operator has no gradient

const require = createRequire(resolve(modules) + '/');
const ort = require('onnxruntime-node');
const { version } = require('onnxruntime-node/package.json');

// Tensors by name: float32 or float64, in the file's memory.
function readSafetensors(path) {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.toString('utf8', 8, start));
  const tensors = {};
  for (const [name, { dtype, data_offsets: [begin, end] }] of Object.entries(entries)) {
    const Type = dtype === 'F64' ? Float64Array : Float32Array;
    tensors[name] = new Type(bytes.buffer, bytes.byteOffset + start + begin, (end - begin) / Type.BYTES_PER_ELEMENT);
  }
  return { tensors, metadata };
}

// Protocol buffers: numbers seven bits a byte, the lowest first; a field is a key and a number, or a key, a length and content.
const varint = (n) => (n > 127 ? [(n & 127) | 128, ...varint(n >> 7)] : [n]);
const number = (field, value) => Buffer.from([...varint(field * 8), ...varint(value)]);
function bytes(field, ...parts) {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(content.length)]), content]);
}

// A ModelProto of one node; the fields are those of onnx.proto. Shapes are left open.
function model(inputs) {
  const outputs = ['o', 'final_state'];
  const value = (name) => Buffer.concat([bytes(1, name), bytes(2, bytes(1, number(1, 1)))]); // float tensor
  const integer = (name, i) => bytes(5, bytes(1, name), number(3, i), number(20, 2));
  const text = (name, s) => bytes(5, bytes(1, name), bytes(4, s), number(20, 3));
  const node = [
    ...inputs.map((name) => bytes(1, name)), ...outputs.map((name) => bytes(2, name)), bytes(4, 'LinearAttention'),
    integer('q_num_heads', H), integer('kv_num_heads', H), text('update_rule', 'gated_delta'), bytes(7, 'com.microsoft'),
  ];
  const given = inputs.filter((name) => name !== '').map((name) => bytes(11, value(name)));
  const graph = [bytes(1, ...node), bytes(2, 'peer'), ...given, ...outputs.map((name) => bytes(12, value(name)))];
  const opset = (domain, version) => bytes(8, bytes(1, domain), number(2, version));
  return Buffer.concat([number(1, 10), bytes(7, ...graph), opset('com.microsoft', 1), opset('', 21)]);
}

// The inputs of one call: all tokens, or, decoding, the tokens of time t.
function feeds(t) {
  const length = what === 'decode' ? 1 : T;
  const at = (name, width) => {
    const size = B * length * width;
    return new ort.Tensor('float32', tensors[name].subarray(t * size, (t + 1) * size), [B, length, width]);
  };
  return { q: at('q', H * K), k: at('k', H * K), v: at('v', H * V), g: at('g', H), beta: at('beta', H) };
}

async function run(session, calls) {
  let state = new ort.Tensor('float32', new Float32Array(B * H * K * V), [B, H, K, V]);
  const o = [];
  for (const call of calls) {
    const outputs = await session.run(what === 'decode' ? { ...call, state } : call);
    state = outputs.final_state;
    o.push(outputs.o.data);
  }
  return { o, final_state: [state.data] };
}

// rms(result - exact) / (rms(exact) + 1e-8), the result in pieces.
function relativeError(pieces, exact) {
  let i = 0, difference = 0, norm = 0;
  for (const piece of pieces)
    for (const x of piece) {
      difference += (x - exact[i]) ** 2;
      norm += exact[i++] ** 2;
    }
  return i === exact.length ? Math.sqrt(difference / i) / (Math.sqrt(norm / i) + 1e-8) : NaN;
}

// The milliseconds of each call by ONNX Runtime's own profile, which is removed. Node copies every result; that is not counted.
function profiledCalls(prefix) {
  const folder = dirname(prefix);
  const names = readdirSync(folder).filter((name) => name.startsWith(basename(prefix)));
  const events = names.flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
  names.forEach((name) => rmSync(join(folder, name)));
  return events.filter((event) => event.name === 'model_run').map((event) => event.dur / 1000);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

for (const count of threads) {
  const profileFilePrefix = path + '.profile';
  profiledCalls(profileFilePrefix); // of a run that was cut off
  const bytes = model(['q', 'k', 'v', what === 'decode' ? 'state' : '', 'g', 'beta']);
  const options = { intraOpNumThreads: Number(count), enableProfiling: true, profileFilePrefix };
  const session = await ort.InferenceSession.create(bytes, options);
  const calls = Array.from({ length: what === 'decode' ? T : 1 }, (_, t) => feeds(t));
  const results = await run(session, calls);
  const error = Math.max(...Object.entries(results).map(([name, pieces]) => relativeError(pieces, tensors['exact_' + name])));
  const right = error <= Number(allowed_error);
  const start = performance.now();
  for (let n = 0; right && (n < 3 || performance.now() - start < 1000 * Number(seconds)); n++) await run(session, calls);
  session.endProfiling();
  await session.release();
  const ms = profiledCalls(profileFilePrefix);
  const passes = Array.from({ length: ms.length / calls.length }, (_, n) => ms.slice(n * calls.length, (n + 1) * calls.length));
  const means = passes.slice(1).map((pass) => pass.reduce((sum, x) => sum + x) / pass.length);
  console.log(JSON.stringify({
    implementation: 'ONNX Runtime LinearAttention', version, case: metadata.case, threads: Number(count), error,
    ms: right ? median(means) : null,
  }));
}
