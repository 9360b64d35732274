"""The peer of the CUDA kernels: plain torch modules at Stable Diffusion 2.1's shapes, timed by CUDA events.

Prints CSV: op, shape, milliseconds (the median of 20 runs after 5), TFLOP/s. Needs torch only.
"""
import statistics
import sys

# Resolutions of the U-Net at 512x512, guidance batched: (side, channels).
LEVELS = [(64, 320), (32, 640), (16, 1280), (8, 1280)]
BATCH = 2
HEAD = 64
PROMPT = 77
PROMPT_WIDTH = 1024


def convolutions():
    """Input channels, output channels, side, kernel, stride."""
    for side, channels in LEVELS:
        yield channels, channels, side, 3, 1
    for (side, channels), (_, following) in zip(LEVELS, LEVELS[1:]):
        yield channels, channels, side, 3, 2
        if following != channels:
            yield channels, following, side // 2, 3, 1
    for side, channels in LEVELS:
        yield 2 * channels, channels, side, 3, 1
        yield 2 * channels, channels, side, 1, 1


def products():
    """Rows, inputs, outputs: projections, and both halves of the feed-forward network."""
    for side, channels in LEVELS:
        rows = BATCH * side * side
        yield rows, channels, 3 * channels
        yield rows, channels, channels
        yield rows, channels, 8 * channels
        yield rows, 4 * channels, channels
    yield BATCH * PROMPT, PROMPT_WIDTH, 2 * 1280


def attentions():
    """Heads, queries, keys."""
    for side, channels in LEVELS:
        yield channels // HEAD, side * side, side * side
        yield channels // HEAD, side * side, PROMPT


def milliseconds(torch, work):
    for _ in range(5):
        work()
    times = []
    for _ in range(20):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times)


def main():
    try:
        import torch
    except ImportError:
        sys.exit("peer.py: torch is not installed; the peer's rows are left out")
    if not torch.cuda.is_available():
        sys.exit("peer.py: torch finds no CUDA device; the peer's rows are left out")

    def report(op, shape, operations, work):
        time = milliseconds(torch, work)
        print(f"{op},{shape},{time:.4f},{operations / time / 1e9:.2f}", flush=True)

    print(f"# torch {torch.__version__}, CUDA {torch.version.cuda}, {torch.cuda.get_device_name()}, fp16")
    print("op,shape,milliseconds,tflops")
    options = {"device": "cuda", "dtype": torch.float16}
    torch.backends.cudnn.benchmark = True
    with torch.inference_mode():
        for inputs, outputs, side, kernel, stride in convolutions():
            layer = torch.nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, **options)
            layer = layer.to(memory_format=torch.channels_last)
            x = torch.randn(BATCH, inputs, side, side, **options).to(memory_format=torch.channels_last)
            operations = 2 * BATCH * (side // stride) ** 2 * inputs * outputs * kernel * kernel
            report("conv2d", f"{BATCH}x{inputs}x{side}x{side}->{outputs} k{kernel} s{stride}", operations,
                   lambda: layer(x))
        for rows, inputs, outputs in products():
            layer = torch.nn.Linear(inputs, outputs, **options)
            x = torch.randn(rows, inputs, **options)
            report("linear", f"{rows}x{inputs}->{outputs}", 2 * rows * inputs * outputs, lambda: layer(x))
        for heads, queries, keys in attentions():
            q = torch.randn(BATCH, heads, queries, HEAD, **options)
            k, v = (torch.randn(BATCH, heads, keys, HEAD, **options) for _ in range(2))
            report("attention", f"{BATCH}x{heads}x{queries}x{keys}x{HEAD}", 4 * BATCH * heads * queries * keys * HEAD,
                   lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v))


if __name__ == "__main__":
    main()
