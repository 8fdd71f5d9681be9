"""PyTorch's side of run.sh: a line of JSON for each number of threads.

    python3 pytorch.py CASE.safetensors SECONDS THREADS...

Measures transformers' chunk function where it can be imported, and otherwise says so and measures a stand-in: chunks of 64,
written from the equations of include/deltanet/recurrence/README.md. Gradients are autograd's.
"""
import json
import math
import statistics
import struct
import sys
import time

import numpy


def read_safetensors(path):
    """Arrays by name, and the metadata."""
    data = numpy.fromfile(path, dtype=numpy.uint8)
    start = 8 + struct.unpack("<Q", data[:8].tobytes())[0]
    header = json.loads(data[8:start].tobytes())
    metadata = header.pop("__metadata__")
    types = {"F32": numpy.float32, "F64": numpy.float64}
    arrays = {}
    for name, entry in header.items():
        begin, end = (start + offset for offset in entry["data_offsets"])
        arrays[name] = data[begin:end].view(types[entry["dtype"]]).reshape(entry["shape"])
    return arrays, metadata


def chunk_gated_delta_rule(query, key, value, g, beta, chunk_size=64, output_final_state=True):
    """Equations 7 to 9 over all chunks at once but for the state, which goes from chunk to chunk.

    query, key [B, T, H, K], value [B, T, H, V], g, beta [B, T, H]; T is a multiple of chunk_size. Returns o [B, T, H, V] and
    the final state [B, H, K, V].
    """
    B, T, H, K = query.shape
    by_chunks = lambda x: x.transpose(1, 2).reshape(B, H, T // chunk_size, chunk_size, -1)
    q, k, v, b = by_chunks(query * K**-0.5), by_chunks(key), by_chunks(value), by_chunks(beta[..., None])
    G = by_chunks(g[..., None]).cumsum(-2)
    future = torch.ones(chunk_size, chunk_size, dtype=torch.bool).triu(1)
    decay = (G - G.mT).masked_fill(future, -math.inf).exp()  # a(j -> i), zero for j > i
    from_start, to_end = G.exp(), (G[..., -1:, :] - G).exp()
    # (7), (8): (I + L) U = diag(b) (X - a(0 -> i) K S0), solved for both terms on the right before S0 is known
    L = (b * (k @ k.mT) * decay).tril(-1)
    right = b * torch.cat([v, from_start * k], -1)
    written, predicted = torch.linalg.solve_triangular(L, right, upper=False, unitriangular=True).split([v.shape[-1], K], -1)
    parts = [written, predicted, (q @ k.mT) * decay, from_start * q, (to_end * k).mT, from_start[..., -1:, :]]
    S = torch.zeros(B, H, K, v.shape[-1])
    o = []
    for written, predicted, pairs, queries, writes, carry in zip(*(part.unbind(2) for part in parts)):
        U = written - predicted @ S
        o.append(queries @ S + pairs @ U)
        S = carry * S + writes @ U  # (9)
    return torch.cat(o, 2).transpose(1, 2), S


def contestant():
    """The function to be measured, its name and version."""
    try:
        import transformers
        from transformers.models.qwen3_next.modeling_qwen3_next import torch_chunk_gated_delta_rule
    except ImportError as error:
        name = "transformers' torch_chunk_gated_delta_rule"
        print(json.dumps({"implementation": name, "not_available": f"{error}; its place is taken by a stand-in"}))
        return chunk_gated_delta_rule, "stand-in: our PyTorch, chunks of 64", f"torch {torch.__version__}"
    return torch_chunk_gated_delta_rule, "transformers", f"{transformers.__version__}, torch {torch.__version__}"


arrays, metadata = read_safetensors(sys.argv[1])
train = metadata["what"] == "train"
if metadata["what"] == "decode":
    sys.exit(0)  # a function of chunks

import torch  # noqa: E402, takes seconds

function, name, version = contestant()
inputs = {name: torch.from_numpy(arrays[name].copy()).requires_grad_(train) for name in ["q", "k", "v", "g", "beta"]}
cotangent = torch.from_numpy(arrays["do"].copy())


def run():
    """The results by their names in the file."""
    with torch.set_grad_enabled(train):
        o, state = function(*inputs.values(), output_final_state=True)
        results = {"o": o, "final_state": state}
        if train:
            gradients = torch.autograd.grad(o, list(inputs.values()), cotangent)
            results |= {"d" + name: gradient for name, gradient in zip(inputs, gradients)}
    return results


def relative_error(result, exact):
    """rms(result - exact) / (rms(exact) + 1e-8)."""
    difference = result.detach().numpy().astype(numpy.float64) - exact
    return math.sqrt((difference**2).mean()) / (math.sqrt((exact**2).mean()) + 1e-8)


for threads in map(int, sys.argv[3:]):
    torch.set_num_threads(threads)
    errors = [relative_error(result, arrays["exact_" + name]) for name, result in run().items()]
    right = all(error <= float(metadata["allowed_error"]) for error in errors)
    ms = []
    start = time.perf_counter()
    while right and (len(ms) < 3 or time.perf_counter() - start < float(sys.argv[2])):
        begin = time.perf_counter()
        run()
        ms.append(1000 * (time.perf_counter() - begin))
    line = {"implementation": name, "version": version, "case": metadata["case"], "threads": threads}
    line["error"] = max(errors) if all(map(math.isfinite, errors)) else None
    line["ms"] = statistics.median(ms) if ms else None
    print(json.dumps(line))
