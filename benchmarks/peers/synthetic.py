"""Deterministic values by name, as the engine's SyntheticTensors defines them: splitmix64 of FNV-1a of the name."""
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

_CHUNK = 1 << 16


def _hash(name):
    h = 0xCBF29CE484222325
    for byte in name.encode("utf-8"):
        h = ((h ^ byte) * 0x100000001B3) & (1 << 64) - 1
    return h


def _chunk(h, start, out):
    with np.errstate(over="ignore"):
        x = np.arange(start + 1, start + 1 + len(out), dtype=np.uint64)
        x *= np.uint64(0x9E3779B97F4A7C15)
        x += np.uint64(h)
        x ^= x >> np.uint64(30)
        x *= np.uint64(0xBF58476D1CE4E5B9)
        x ^= x >> np.uint64(27)
        x *= np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
        x >>= np.uint64(40)
    out[:] = (x.astype(np.int32) - (1 << 23)).astype(np.float32) * np.float32(2.0 ** -23)


def fill(name, out, threads=2):
    """Fills a flat float32 array with values from -1 to 1."""
    h = _hash(name)
    starts = range(0, len(out), _CHUNK)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda start: _chunk(h, start, out[start:start + _CHUNK]), starts))


def tensor(name, shape, scale=1.0):
    """An input."""
    out = np.empty(math.prod(shape), np.float32)
    fill(name, out)
    return (out * np.float32(scale)).reshape(shape)


def parameter(name, shape):
    """A parameter: matrices and kernels by fan-in, norms' scales around 1, the rest around 0."""
    out = np.empty(math.prod(shape), np.float32)
    fill(name, out)
    if len(shape) >= 2:
        out *= np.float32(math.sqrt(3.0 / math.prod(shape[1:])))
    else:
        out *= np.float32(0.1)
        if name.endswith(".weight"):
            out += np.float32(1)
    return out.reshape(shape)
