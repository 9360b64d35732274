"""Makes this folder's io.safetensors and model/parameters.json from the reference case of the captioner.

python make_golden.py .../goldens/blip2 .
Keeps picture 0 of three, so that the case stays small. The checkpoint's values are the synthetic ones
(PerCo.Engine/Verification/SyntheticTensors.cs, names below "dev/"), so that names and shapes suffice.
"""
import json
import pathlib
import struct
import sys


def read(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    return {k: (v["dtype"], v["shape"], data[8 + size :][slice(*v["data_offsets"])]) for k, v in header.items()}


def write(path, tensors):
    header, body = {}, b""
    for name, (kind, shape, values) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(body), len(body) + len(values)]}
        body += values
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


source, target = map(pathlib.Path, sys.argv[1:3])
names = ["pixels0", "vision0", "qformer0", "prefix0", "tokens0", "scores0"]
io = read(source / "io.safetensors")
write(target / "io.safetensors", {name: io[name] for name in names})
shapes = {}
for shard in sorted((source / "model").glob("*.safetensors")):
    shapes.update({name: shape for name, (_, shape, _) in read(shard).items()})

# transformers saves the tied matrix once; its synthetic values are those of the name that was filled last.
shapes["language_model.lm_head.weight"] = shapes["language_model.model.decoder.embed_tokens.weight"]
(target / "model" / "parameters.json").write_text(json.dumps(shapes, separators=(",", ":")) + "\n")
