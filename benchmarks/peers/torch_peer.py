"""PyTorch's side of the comparison: reads commands from standard input and answers each with one line.

README.md has the protocol. Whole networks are the plain modules of training/networks with synthetic weights. Where
torch leaves a choice that changes no result (memory format, packed convolution weights), the fastest in a short trial
is taken, so that the engine is compared with torch at its best.
"""
import json
import os
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path[:0] = [ROOT, os.path.join(ROOT, "benchmarks", "peers")]

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError as error:
    sys.exit(print(f"{error}: apt-get install python3-torch python3-numpy, or pip install torch numpy"))

import synthetic
from training.networks import layers

SAMPLES = 1 << 18
THREADS = int(os.environ.get("OMP_NUM_THREADS", "0")) or os.cpu_count()
HAS_SDPA = hasattr(F, "scaled_dot_product_attention")
# Before 2.0 torch computes bf16 products on a CPU without such instructions many times slower than fp32.
HAS_BF16 = int(torch.__version__.split(".")[0]) >= 2
works = {}


def tensor(name, *shape, scale=1.0):
    return torch.from_numpy(synthetic.tensor(f"peers/{name}", shape, scale))


def parameter(name, *shape):
    return torch.from_numpy(synthetic.parameter(f"peers/{name}", shape))


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def fastest(variants):
    """The (name, work) with the best of three runs after one."""
    def best(work):
        work()
        return min(seconds(work) for _ in range(3))

    return min(variants, key=lambda variant: best(variant[1])) if len(variants) > 1 else variants[0]


def linear(line, kind):
    x = tensor("x", line["rows"], line["inputs"]).to(kind)
    weight, bias = parameter("weight", line["outputs"], line["inputs"]).to(kind), parameter("bias", line["outputs"])
    bias = bias.to(kind)
    work = lambda: F.linear(x, weight, bias)
    return "F.linear", work, work


def conv2d(line, kind):
    up, kernel = line.get("up", 1), line.get("kernel", 3)
    x = tensor("x", 1, line["inputs"], line["height"] // up, line["width"] // up).to(kind)
    weight = parameter("weight", line["outputs"], line["inputs"], kernel, kernel).to(kind)
    bias = parameter("bias", line["outputs"]).to(kind)
    stride = line.get("stride", 1)

    def variant(x, weight):
        if up == 1:
            return lambda: F.conv2d(x, weight, bias, stride, kernel // 2)
        return lambda: F.conv2d(F.interpolate(x, scale_factor=up, mode="nearest"), weight, bias, stride, kernel // 2)

    last = {"memory_format": torch.channels_last}
    variants = [("NCHW", variant(x, weight)), ("channels_last", variant(x.to(**last), weight.to(**last)))]
    if up == 1 and kind == torch.float32:
        # A convolution whose operands are in oneDNN's own layout.
        packed = torch._C._nn.mkldnn_reorder_conv2d_weight(
            weight.to_mkldnn(), (kernel // 2,) * 2, (stride,) * 2, (1, 1), 1)
        blocked, offset = x.to_mkldnn(), bias.to_mkldnn()
        variants.append(("mkldnn", lambda: F.conv2d(blocked, packed, offset, stride, kernel // 2)))
    name, work = fastest(variants)
    return name, work, (lambda: work().to_dense()) if name == "mkldnn" else work


def attention(line, kind):
    heads, channels = line["heads"], line["channels"]

    def operand(name, tokens, scale=1.0):
        # [1, heads, tokens, channels] one after the other, which torch likes best
        x = tensor(name, 1, tokens, heads * channels, scale=scale).to(kind)
        return x.reshape(1, tokens, heads, channels).transpose(1, 2).contiguous()

    q, k, v = operand("q", line["queries"], 3.0), operand("k", line["keys"]), operand("v", line["keys"])
    qs, ks, vs = q[0], k[0], v[0]

    def products():
        scores = torch.bmm(qs * channels ** -0.5, ks.transpose(1, 2))
        return torch.bmm(scores.softmax(-1), vs)[None]

    variants = [("bmm", products)]
    if HAS_SDPA:
        variants.append(("sdpa", lambda: F.scaled_dot_product_attention(q, k, v)))
    name, work = fastest(variants)
    return name, work, lambda: work().transpose(1, 2)


def sdpa(query, key, value, heads, causal=False, mask=None):
    """training's attend by torch's fused attention."""
    def split(t):
        return t.reshape(t.shape[0], t.shape[1], heads, -1).transpose(1, 2)

    out = F.scaled_dot_product_attention(split(query), split(key), split(value), attn_mask=mask, is_causal=causal)
    return out.transpose(1, 2).reshape(query.shape[0], query.shape[1], -1)


def filled(make):
    """A module with synthetic weights, by the names of its parameters; torch's own are not drawn first."""
    names = ("kaiming_uniform_", "uniform_", "normal_")
    drawn = {name: getattr(nn.init, name) for name in names}
    for name in names:
        setattr(nn.init, name, lambda value, *args, **kwargs: value)
    try:
        module = make().eval()
    finally:
        for name in names:
            setattr(nn.init, name, drawn[name])
    for name, value in module.state_dict().items():
        value.copy_(torch.from_numpy(synthetic.parameter(f"peers/{name}", tuple(value.shape))))
    return module


def config_of(name):
    with open(os.path.join(ROOT, "benchmarks", "networks", name, "config.json"), encoding="utf-8") as file:
        return json.load(file)


def name_of(line):
    return line.get("layout", "NCHW") + (" sdpa" if HAS_SDPA else "")


def network(line, kind, module, call, *inputs):
    """The work of a network: in bf16 its layers' weights are, and autocast does the rest."""
    if line.get("layout") == "channels_last":
        module = module.to(memory_format=torch.channels_last)
        inputs = [x.to(memory_format=torch.channels_last) if x.dim() == 4 else x for x in inputs]
    if kind != torch.float32:
        for layer in module.modules():
            if isinstance(layer, (nn.Linear, nn.Conv2d)):
                layer.to(kind)

    def work():
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=kind != torch.float32):
            return call(module, *inputs)

    return name_of(line), work, work


def unet(line, kind):
    from training.networks.unet import UNet
    config, side, batch, local = config_of("unet"), line["side"], line.get("batch", 1), 320
    return network(
        line, kind, filled(lambda: UNet(config, local)), lambda module, *inputs: module(*inputs),
        tensor("sample", batch, 4, side, side, scale=1.7), torch.full((batch,), 951),
        tensor("context", batch, 77, config["cross_attention_dim"], scale=1.7),
        tensor("local", batch, local, side // 2, side // 2))


def vae(line, kind):
    from training.networks.autoencoder import Autoencoder
    module = filled(lambda: Autoencoder(config_of("vae")))
    module.encoder = nn.Identity()
    return network(line, kind, module, lambda module, latent: module.decode(latent),
                   tensor("latent", 1, 4, line["side"], line["side"], scale=4.0))


class Token:
    """OPT with a cache of keys and values, as transformers computes one token."""

    def __init__(self, config, kind):
        self.config, self.weights, self.kind = config, {}, kind
        width = config["hidden_size"]
        self.table = self.get("lm_head.weight", config["vocab_size"], width)
        self.positions = self.get("model.decoder.embed_positions.weight", 2050, width)
        for i in range(config["num_hidden_layers"]):
            for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
                self.linear(f"model.decoder.layers.{i}.self_attn.{name}", width, width)
            self.linear(f"model.decoder.layers.{i}.fc1", width, config["ffn_dim"])
            self.linear(f"model.decoder.layers.{i}.fc2", config["ffn_dim"], width)
            for name in ("self_attn_layer_norm", "final_layer_norm"):
                self.norm(f"model.decoder.layers.{i}.{name}", width)
        self.norm("model.decoder.final_layer_norm", width)
        self.past = [None] * config["num_hidden_layers"]

    def get(self, name, *shape):
        return parameter(f"language_model.{name}", *shape).to(self.kind)

    def linear(self, name, inputs, outputs):
        self.weights[name] = (self.get(f"{name}.weight", outputs, inputs), self.get(f"{name}.bias", outputs))

    def norm(self, name, width):
        self.weights[name] = (self.get(f"{name}.weight", width), self.get(f"{name}.bias", width))

    def forward(self, embedded, start, keep):
        heads, width = self.config["num_attention_heads"], self.config["hidden_size"]
        norm = lambda x, name: F.layer_norm(x, (width,), *self.weights[name])
        x = embedded + self.positions[2 + start:2 + start + embedded.shape[1]]
        for i in range(len(self.past)):
            layer = f"model.decoder.layers.{i}"
            h = norm(x, f"{layer}.self_attn_layer_norm")
            q, k, v = (F.linear(h, *self.weights[f"{layer}.self_attn.{n}_proj"]) for n in "qkv")
            if self.past[i] is not None:
                k, v = torch.cat([self.past[i][0], k], 1), torch.cat([self.past[i][1], v], 1)
            if keep:
                self.past[i] = (k, v)
            a = layers.attend(q, k, v, heads, causal=q.shape[1] > 1)
            x = x + F.linear(a, *self.weights[f"{layer}.self_attn.out_proj"])
            h = F.relu(F.linear(norm(x, f"{layer}.final_layer_norm"), *self.weights[f"{layer}.fc1"]))
            x = x + F.linear(h, *self.weights[f"{layer}.fc2"])
        return F.linear(norm(x[:, -1:], "model.decoder.final_layer_norm"), self.table)


def token(line, kind):
    config, past = config_of("opt"), line["past"]
    model = Token(config, kind)
    model.forward(tensor("prefix", 1, past, config["hidden_size"]).to(kind), 0, keep=True)
    work = lambda: model.forward(model.table[torch.tensor([[1234]])], past, keep=False)
    return "", work, work


def decode(line, kind):
    """Pictures whose sides are multiples of 64, so that nothing is padded."""
    from training.model import Model
    from training.pipeline import Pipeline
    from training.pictures import to_bytes
    pipeline = Pipeline(Model.open(line["model"]), "cpu")
    with open(line["file"] + ".txt", encoding="utf-8") as file:
        (width, height), (columns, rows) = (map(int, file.readline().split()) for _ in range(2))
        caption = file.readline().rstrip("\n")
        indices = torch.tensor([int(word) for word in file.readline().split()]).reshape(1, rows, columns)
    if line.get("layout") == "channels_last":
        for module in (pipeline.model.unet, pipeline.model.vae):
            module.to(memory_format=torch.channels_last)

    def work():
        z = pipeline.denoise(indices, caption, (height // 8, width // 8), 0, line["steps"], float(line["guidance"]))
        return pipeline.decode(z)

    return name_of(line), work, lambda: torch.from_numpy(to_bytes(work()[0])).float() / 255


OPS = {"linear": linear, "conv2d": conv2d, "attention": attention, "unet": unet, "vae": vae, "token": token,
       "decode": decode}


def number(text):
    return int(text) if text.isdigit() else text


def prepare(text, path):
    words = text.split()
    line = dict(word.split("=", 1) for word in words[1:])
    line = {name: value if name == "file" else number(value) for name, value in line.items()}
    kind = torch.bfloat16 if line.get("type") == "bf16" else torch.float32
    name, work, result = OPS[words[0]](line, kind)
    works[text] = work
    if path == "-":
        return f"ok {name}".rstrip()
    values = result().float().reshape(-1)
    values[::(len(values) // SAMPLES) | 1].contiguous().numpy().tofile(path)
    return f"ok {name}".rstrip()


def run(work, budget):
    first = seconds(work)
    if first >= budget:
        return f"ok {first!r} 1"
    times = []
    while sum(times) < budget:
        times.append(seconds(work))
    times.sort()
    return f"ok {times[len(times) // 2]!r} {len(times)}"


def peak_memory():
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


def answer(words):
    if words[0] == "prepare":
        return prepare(words[1], words[2])
    if words[0] == "run":
        return run(works[words[1]], float(words[2]))
    if words[0] == "memory":
        return f"ok {peak_memory()}"
    if words[0] == "free":
        works.clear()
        return "ok"
    raise ValueError(f"'{words[0]}' is no command")


def main():
    torch.set_num_threads(THREADS)
    if HAS_SDPA:
        layers.attend = sdpa
    print(f"ready torch {torch.__version__} threads={torch.get_num_threads()}"
          + (" sdpa" if HAS_SDPA else "") + (" bf16" if HAS_BF16 else ""), flush=True)
    with torch.inference_mode():
        for line in sys.stdin:
            try:
                print(answer(line.rstrip("\n").split("\t")), flush=True)
            except Exception as error:  # the comparison goes on with the other rows
                print("error " + " ".join(str(error).split()), flush=True)


if __name__ == "__main__":
    main()
