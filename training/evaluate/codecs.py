"""Other codecs at a given number of bytes: JPEG and WebP of PIL, AVIF and JPEG XL of Debian's tools."""
import io
import os
import shutil
import subprocess
import tempfile

from PIL import Image

# A picture may be coded smaller and scaled up again, which is the only way down to 0.03 bit per pixel for some.
SCALES = (1, 2, 4, 8)


def _pil(kind):
    def encode(image, quality):
        out = io.BytesIO()
        options = {"JPEG": {"optimize": True, "subsampling": 2}, "WEBP": {"method": 6}}[kind]
        image.save(out, kind, quality=quality, **options)
        return out.getvalue(), Image.open(io.BytesIO(out.getvalue())).convert("RGB")

    return encode


def _tool(encoder, decoder, ending, arguments):
    def encode(image, quality):
        with tempfile.TemporaryDirectory() as folder:
            source, coded, back = (os.path.join(folder, n) for n in ("in.png", "coded" + ending, "out.png"))
            image.save(source)
            quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run([encoder, *arguments(quality), source, coded], **quiet)
            subprocess.run([decoder, coded, back], **quiet)
            with open(coded, "rb") as file:
                return file.read(), Image.open(back).convert("RGB")

    return encode


# name -> (encoder at a quality, number of qualities, tools that it needs)
CODECS = {
    "JPEG": (_pil("JPEG"), 96, ()),
    "WebP": (_pil("WEBP"), 101, ()),
    "AVIF": (_tool("avifenc", "avifdec", ".avif", lambda q: [
        "-j", "1", "-s", "4", "-y", "420", "--ignore-icc", "--min", str(63 - q), "--max", str(63 - q)]),
        64, ("avifenc", "avifdec")),
    "JPEG XL": (_tool("cjxl", "djxl", ".jxl", lambda q: [
        "-d", f"{25 - q * 0.2:.2f}", "-e", "7", "--num_threads=0"]), 121, ("cjxl", "djxl")),
}


def missing(name):
    """A tool that the codec needs and this machine lacks, or None."""
    return next((tool for tool in CODECS[name][2] if shutil.which(tool) is None), None)


def at_bytes(name, image, budget):
    """Yields (scale, bytes, decoded picture at full size): the best quality within the budget at each scale."""
    encode, qualities, _ = CODECS[name]
    for scale in SCALES:
        size = [max(1, round(s / scale)) for s in image.size]
        small = image if scale == 1 else image.resize(size, Image.LANCZOS)
        low, high, best = 0, qualities - 1, None
        while low <= high:
            middle = (low + high) // 2
            data, decoded = encode(small, middle)
            if len(data) <= budget:
                best, low = (len(data), decoded), middle + 1
            else:
                high = middle - 1
        if best is not None:
            count, decoded = best
            yield scale, count, decoded if scale == 1 else decoded.resize(image.size, Image.BICUBIC)
