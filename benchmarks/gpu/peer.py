"""The peer of the CUDA kernels: PyTorch, eager, plain modules. Needs torch only.

  peer.py ops OURS.csv       times the library's kernel (cuBLAS, cuDNN, scaled_dot_product_attention …) at every shape
                             in the output of `percoengine bench --csv`; prints CSV: op, shape, milliseconds
  peer.py decode             times a decode as `percoengine bench --decode` does: Stable Diffusion 2.1's U-Net with
                             guidance, 20 steps, and the autoencoder, at 512x512, random weights
  peer.py compare OURS PEER  joins the two tables of ops; needs no torch

--device cpu runs the same in fp32 where there is no GPU, to try the script out; --steps N; --compile uses
torch.compile for the decode as well. Times are medians after a warm-up, on a GPU by CUDA events. A product, a
convolution or an attention is timed alone: without residual, concatenation and up-sampling, which ours do on the way.
"""
import argparse
import csv
import math
import re
import statistics
import sys
import time

WARM_UP, RUNS, DECODES, CALLS = 5, 20, 3, 10


def timer(torch, device):
    """Returns milliseconds(work, runs): the median of several runs.

    With in_graph, work is an op and what is timed is CALLS of it as a CUDA graph, as `percoengine bench` does: without,
    small ops would be charged with what starting them from Python takes.
    """

    def once(work):
        if device == "cpu":
            start = time.perf_counter()
            work()
            return (time.perf_counter() - start) * 1e3
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        return start.elapsed_time(end)

    def graph_of(work):
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                work()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            for _ in range(CALLS):
                work()
        return graph

    def milliseconds(work, runs=RUNS, warm_up=WARM_UP, in_graph=False):
        calls = CALLS if in_graph and device != "cpu" else 1
        timed = graph_of(work).replay if calls > 1 else work
        for _ in range(warm_up):
            timed()
        return statistics.median(once(timed) for _ in range(runs)) / calls

    return milliseconds


def attend(torch, q, k, v):
    attention = getattr(torch.nn.functional, "scaled_dot_product_attention", None)
    if attention is not None:
        return attention(q, k, v)
    return torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1) @ v  # torch 1, to try the script out


def work_of(torch, op, shape, options):
    """What computes an op at one of our shapes; None where there is no peer."""
    functional = torch.nn.functional

    def image(batch, height, width, channels):
        return torch.randn(batch, channels, height, width, **options).to(memory_format=torch.channels_last)

    numbers = [int(n) for n in re.findall(r"\d+", shape)]
    if op == "Conv2d":
        match = re.match(r"(\d+)x(\d+)x(\d+)x(\d+)(?:\+(\d+))?->(\d+) k(\d+) s(\d+)(?: up(\d+))?", shape)
        batch, height, width, inputs, second, outputs, kernel, stride, up = (int(n or 0) for n in match.groups())
        up = up or 1
        layer = torch.nn.Conv2d(inputs + second, outputs, kernel, stride, kernel // 2, **options)
        layer = layer.to(memory_format=torch.channels_last)
        x = image(batch, height * up, width * up, inputs + second)
        return lambda: layer(x)
    if op == "Linear":
        rows, inputs, outputs = numbers[:3]
        layer, x = torch.nn.Linear(inputs, outputs, **options), torch.randn(rows, inputs, **options)
        return lambda: layer(x)
    if op == "Attention":
        batch, heads, queries, keys, channels = numbers[:5]
        q = torch.randn(batch, heads, queries, channels, **options)
        k, v = (torch.randn(batch, heads, keys, channels, **options) for _ in range(2))
        return lambda: attend(torch, q, k, v)
    if op == "GroupNorm" and "+" not in shape:
        batch, height, width, channels, groups = numbers[:5]
        layer, x = torch.nn.GroupNorm(groups, channels, **options), image(batch, height, width, channels)
        return lambda: functional.silu(layer(x))
    if op == "LayerNorm":
        rows, channels = numbers[:2]
        layer, x = torch.nn.LayerNorm(channels, **options), torch.randn(rows, channels, **options)
        return lambda: layer(x)
    return None


def run_ops(torch, arguments, options):
    milliseconds = timer(torch, arguments.device)
    print("op,shape,milliseconds")
    seen = set()
    for row in csv.DictReader(open(arguments.files[0])):
        key = row["op"], row["shape"]
        if key in seen:
            continue
        seen.add(key)
        try:
            work = work_of(torch, *key, options)
            if work is not None:
                print(f"{key[0]},{key[1]},{milliseconds(work, in_graph=True):.5f}", flush=True)
        except RuntimeError as error:
            print(f"peer.py: {key[0]} {key[1]}: {error}", file=sys.stderr)


def compare(ours_path, peer_path):
    peer = {(row["op"], row["shape"]): float(row["milliseconds"]) for row in csv.DictReader(open(peer_path))}
    best = {}
    print("op,shape,kernel,milliseconds,torch_milliseconds,ratio")
    for row in csv.DictReader(open(ours_path)):
        key = row["op"], row["shape"]
        if key in peer and row["milliseconds"]:
            ours = float(row["milliseconds"])
            print(f"{key[0]},{key[1]},{row['kernel']},{ours:.5f},{peer[key]:.5f},{peer[key] / ours:.3f}")
            best[key] = max(best.get(key, 0), peer[key] / ours)
    for op in sorted({op for op, _ in best}):
        ratios = [ratio for (name, _), ratio in best.items() if name == op]
        print(f"# {op}: of torch's speed, fastest kernel: median {statistics.median(ratios):.2f}, "
              f"least {min(ratios):.2f}, over {len(ratios)} shapes")


def networks(torch):
    """Stable Diffusion 2.1's U-Net, with the codes' features beside the latent, and its decoder."""
    nn, functional = torch.nn, torch.nn.functional

    class Resnet(nn.Module):
        def __init__(self, inputs, outputs, time=0, epsilon=1e-5):
            super().__init__()
            self.norm1, self.norm2 = nn.GroupNorm(32, inputs, epsilon), nn.GroupNorm(32, outputs, epsilon)
            self.conv1, self.conv2 = nn.Conv2d(inputs, outputs, 3, 1, 1), nn.Conv2d(outputs, outputs, 3, 1, 1)
            self.time = nn.Linear(time, outputs) if time else None
            self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

        def forward(self, x, time=None):
            h = self.conv1(functional.silu(self.norm1(x)))
            if self.time is not None:
                h = h + self.time(functional.silu(time))[:, :, None, None]
            return self.shortcut(x) + self.conv2(functional.silu(self.norm2(h)))

    class Attention(nn.Module):
        def __init__(self, channels, context, heads):
            super().__init__()
            self.heads = heads
            self.q = nn.Linear(channels, channels, bias=False)
            self.k, self.v = (nn.Linear(context, channels, bias=False) for _ in range(2))
            self.out = nn.Linear(channels, channels)

        def forward(self, x, context):
            q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
                       for t in (self.q(x), self.k(context), self.v(context)))
            return self.out(attend(torch, q, k, v).transpose(1, 2).flatten(2))

    class Transformer(nn.Module):
        def __init__(self, channels, context):
            super().__init__()
            self.norm = nn.GroupNorm(32, channels, 1e-6)
            self.proj_in, self.proj_out = nn.Linear(channels, channels), nn.Linear(channels, channels)
            self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(channels) for _ in range(3))
            self.attn1 = Attention(channels, channels, channels // 64)
            self.attn2 = Attention(channels, context, channels // 64)
            self.ff_in, self.ff_out = nn.Linear(channels, 8 * channels), nn.Linear(4 * channels, channels)

        def forward(self, x, context):
            batch, channels, height, width = x.shape
            h = self.proj_in(self.norm(x).permute(0, 2, 3, 1).reshape(batch, height * width, channels))
            n = self.norm1(h)
            h = h + self.attn1(n, n)
            h = h + self.attn2(self.norm2(h), context)
            value, gate = self.ff_in(self.norm3(h)).chunk(2, -1)
            h = self.proj_out(h + self.ff_out(value * functional.gelu(gate)))
            return x + h.reshape(batch, height, width, channels).permute(0, 3, 1, 2)

    class UNet(nn.Module):
        def __init__(self, levels=(320, 640, 1280, 1280), context=1024, local=320):
            super().__init__()
            first, time = levels[0], 4 * levels[0]
            self.first = first
            self.time1, self.time2 = nn.Linear(first, time), nn.Linear(time, time)
            self.conv_in = nn.Conv2d(4 + local, first, 3, 1, 1)
            self.down, self.up = nn.ModuleList(), nn.ModuleList()
            skips, channels = [first], first
            for i, width in enumerate(levels):
                for _ in range(2):
                    attention = Transformer(width, context) if i < 3 else None
                    self.down.append(nn.ModuleList([Resnet(channels, width, time), attention]))
                    channels = width
                    skips.append(channels)
                if i < 3:
                    self.down.append(nn.ModuleList([nn.Conv2d(channels, channels, 3, 2, 1)]))
                    skips.append(channels)
            self.mid1, self.mid2 = Resnet(channels, channels, time), Resnet(channels, channels, time)
            self.mid = Transformer(channels, context)
            for i, width in reversed(list(enumerate(levels))):
                for _ in range(3):
                    attention = Transformer(width, context) if i < 3 else None
                    self.up.append(nn.ModuleList([Resnet(channels + skips.pop(), width, time), attention]))
                    channels = width
                if i > 0:
                    self.up.append(nn.ModuleList([nn.Conv2d(channels, channels, 3, 1, 1)]))
            self.norm, self.conv_out = nn.GroupNorm(32, first), nn.Conv2d(first, 4, 3, 1, 1)

        def forward(self, x, timestep, context, local):
            half = self.first // 2
            angles = timestep * torch.exp(
                -math.log(10000) * torch.arange(half, device=x.device, dtype=torch.float32) / half)
            time = torch.cat([angles.cos(), angles.sin()]).to(x.dtype)[None].expand(x.shape[0], -1)
            time = self.time2(functional.silu(self.time1(time)))
            x = self.conv_in(torch.cat([x, local], 1))
            skips = [x]
            for block in self.down:
                x = block[0](x) if len(block) == 1 else block[0](x, time)
                if len(block) == 2 and block[1] is not None:
                    x = block[1](x, context)
                skips.append(x)
            x = self.mid2(self.mid(self.mid1(x, time), context), time)
            for block in self.up:
                if len(block) == 1:
                    x = block[0](functional.interpolate(x, scale_factor=2.0, mode="nearest"))
                    continue
                x = block[0](torch.cat([x, skips.pop()], 1), time)
                x = block[1](x, context) if block[1] is not None else x
            return self.conv_out(functional.silu(self.norm(x)))

    class Decoder(nn.Module):
        def __init__(self, levels=(512, 512, 256, 128)):
            super().__init__()
            self.post_quant, self.conv_in = nn.Conv2d(4, 4, 1), nn.Conv2d(4, levels[0], 3, 1, 1)
            self.mid1, self.mid2 = Resnet(levels[0], levels[0]), Resnet(levels[0], levels[0])
            self.norm_attention, self.attention = nn.GroupNorm(32, levels[0]), Attention(levels[0], levels[0], 1)
            layers, channels = [], levels[0]
            for i, width in enumerate(levels):
                for _ in range(3):
                    layers.append(Resnet(channels, width))
                    channels = width
                if i < 3:
                    layers += [nn.Upsample(scale_factor=2.0), nn.Conv2d(channels, channels, 3, 1, 1)]
            self.layers = nn.Sequential(*layers)
            self.norm, self.conv_out = nn.GroupNorm(32, channels), nn.Conv2d(channels, 3, 3, 1, 1)

        def forward(self, latent):
            x = self.mid1(self.conv_in(self.post_quant(latent)))
            batch, channels, height, width = x.shape
            n = self.norm_attention(x).permute(0, 2, 3, 1).reshape(batch, height * width, channels)
            x = x + self.attention(n, n).reshape(batch, height, width, channels).permute(0, 3, 1, 2)
            return self.conv_out(functional.silu(self.norm(self.layers(self.mid2(x)))))

    return UNet, Decoder


def run_decode(torch, arguments, options):
    make_unet, make_decoder = networks(torch)
    unet = make_unet().to(**options).to(memory_format=torch.channels_last).eval()
    decoder = make_decoder().to(**options).to(memory_format=torch.channels_last).eval()
    context, local = torch.randn(2, 77, 1024, **options), torch.randn(2, 320, 64, 64, **options)
    alphas = torch.linspace(0.00085 ** 0.5, 0.012 ** 0.5, 1000, dtype=torch.float64).square().neg().add(1).cumprod(0)
    stride = 1000 // arguments.steps

    def decode(unet):
        x = torch.randn(1, 4, 64, 64, device=options["device"])
        for i in reversed(range(arguments.steps)):
            t = i * stride + 1
            before = alphas[max(t - stride, 0)].item()
            alpha = alphas[t].item()
            nulled, captioned = unet(x.to(options["dtype"]).expand(2, -1, -1, -1), float(t), context, local).float()
            v = nulled + 3 * (captioned - nulled)
            clean, noise = alpha ** 0.5 * x - (1 - alpha) ** 0.5 * v, alpha ** 0.5 * v + (1 - alpha) ** 0.5 * x
            x = before ** 0.5 * clean + (1 - before) ** 0.5 * noise
        return decoder((x / 0.18215).to(options["dtype"])).float().cpu()

    milliseconds = timer(torch, arguments.device)
    print("peer,size,steps,seconds")
    modes = [("eager", unet)] + ([("compile", torch.compile(unet))] if arguments.compile else [])
    for name, network in modes:
        work = lambda: decode(network)
        seconds = milliseconds(work, DECODES, 1) / 1e3
        print(f"torch {torch.__version__} {name},512x512,{arguments.steps},{seconds:.4f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["ops", "decode", "compare"])
    parser.add_argument("files", nargs="*")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--compile", action="store_true")
    arguments = parser.parse_args()
    if len(arguments.files) != {"ops": 1, "decode": 0, "compare": 2}[arguments.mode]:
        parser.error(f"{arguments.mode} takes other files")
    if arguments.mode == "compare":
        compare(*arguments.files)
        return
    try:
        import torch
    except ImportError:
        sys.exit("peer.py: torch is not installed; the peer is left out")
    if arguments.device == "cuda" and not torch.cuda.is_available():
        sys.exit("peer.py: torch finds no CUDA device; the peer is left out")
    options = {"device": arguments.device, "dtype": torch.float32 if arguments.device == "cpu" else torch.float16}
    torch.backends.cudnn.benchmark = True
    with torch.inference_mode():
        {"ops": run_ops, "decode": run_decode}[arguments.mode](torch, arguments, options)


if __name__ == "__main__":
    main()
