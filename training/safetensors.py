"""Reads and writes safetensors files: a little-endian header length, a JSON header, then the bytes of the tensors."""
import json
import struct

import numpy as np
import torch

_NUMPY = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "u1"}
_NAMES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.int64: "I64",
          torch.int32: "I32", torch.uint8: "U8", torch.bfloat16: "BF16", torch.bool: "BOOL"}


def load(path):
    """Name -> tensor, in the file's own types (BF16 becomes float32)."""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        if entry["dtype"] == "BF16":
            bits = np.frombuffer(data[start:end], "<u2").astype(np.uint32) << 16
            array = bits.view(np.float32)
        elif entry["dtype"] in _NUMPY:
            array = np.frombuffer(data[start:end], _NUMPY[entry["dtype"]])
        else:
            raise ValueError(f"{path}: tensor '{name}' has type {entry['dtype']}, which is not read here")
        tensors[name] = torch.from_numpy(array.reshape(entry["shape"]).copy())
    return tensors


def save(path, tensors, half=False):
    """Writes name -> tensor in sorted order; half stores floating-point tensors as fp16."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name in sorted(tensors):
        tensor = _stored(tensors[name], half)
        if tensor.dtype not in _NAMES:
            raise ValueError(f"{path}: tensor '{name}' has type {tensor.dtype}, which is not written here")
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise ValueError(f"{path}: tensor '{name}' is not finite in {tensor.dtype}")
        end = offset + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            tensor = _stored(tensors[name], half)
            if tensor.dtype == torch.bfloat16:
                tensor = tensor.contiguous().view(torch.int16)  # numpy has no such type
            file.write(tensor.contiguous().numpy().tobytes())


def _stored(tensor, half):
    tensor = tensor.detach().cpu()
    return tensor.to(torch.float16) if half and tensor.is_floating_point() else tensor
