#!/usr/bin/env python3
"""Makes the picture files of this folder and what other software reads from them.

    python3 make_goldens.py            # Pillow 9.4 (libjpeg-turbo 2.1.5), numpy; cjpeg and jpegtran of libjpeg-turbo

Every case is a file plus the RGB bytes that it must decode to. Those of PNG come from the formulas below where Pillow
reads otherwise (16 bits, transparency), and are compared with Pillow where it reads the same. Those of JPEG come from
Pillow, that is from libjpeg-turbo with its defaults (accurate integer DCT, smooth chroma). Those of colour profiles
come from littlecms 2.14, through Pillow.
"""
import io
import json
import pathlib
import struct
import subprocess
import zlib

import numpy as np
from PIL import Image, ImageCms, ImageOps

HERE = pathlib.Path(__file__).parent


def picture(width, height, seed=0):
    """A smooth picture with an edge, a texture and some noise; integers only, so the same everywhere."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    h = (x * 374761393 + y * 668265263 + seed * 974711) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    noise = (h >> 20) % 17
    red = x * 255 // max(width - 1, 1)
    green = y * 255 // max(height - 1, 1)
    blue = np.where((x // 4 + y // 4) % 2 == 0, 230, 25)
    rgb = np.stack([red, green, blue], -1) + noise[..., None] - 8
    rgb[(x - width // 3) ** 2 + (y - height // 2) ** 2 < (min(width, height) // 4) ** 2] = (250, 30, 60)
    return np.clip(rgb, 0, 255).astype(np.uint8)


class Cases:
    """Cases of one format: name.json lists them, name.bin holds the expected RGB one after the other."""

    def __init__(self, name):
        self.name, self.list, self.bytes = name, [], bytearray()

    def add(self, rgb, **fields):
        rgb = np.ascontiguousarray(rgb, dtype=np.uint8)
        self.list.append(dict(fields, width=rgb.shape[1], height=rgb.shape[0], offset=len(self.bytes)))
        self.bytes += rgb.tobytes()

    def save(self):
        text = "[\n" + ",\n".join("  " + json.dumps(c) for c in self.list) + "\n]\n"
        (HERE / f"{self.name}.json").write_text(text)
        (HERE / f"{self.name}.bin").write_bytes(self.bytes)


# --- resize: Pillow is the definition -----------------------------------------------------------------------------

def make_resize():
    source = picture(37, 23)
    Image.fromarray(source).save(HERE / "resize-source.ppm")
    cases = Cases("resize")
    filters = {"Box": Image.BOX, "Bilinear": Image.BILINEAR, "Bicubic": Image.BICUBIC, "Lanczos": Image.LANCZOS}
    sizes = [(16, 9), (61, 40), (37, 9), (12, 23), (37, 23), (1, 1), (5, 64), (36, 22)]
    for name, value in filters.items():
        for size in sizes:
            cases.add(np.asarray(Image.fromarray(source).resize(size, value)), filter=name)
    cases.save()


# --- PNG: every colour type, depth and interlacing ----------------------------------------------------------------

ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack_row(row, depth):
    """One row [pixels, samples] as bytes."""
    flat = row.reshape(-1).astype(np.int64)
    if depth == 16:
        return b"".join(struct.pack(">H", v) for v in flat)
    bits = "".join(format(int(v), f"0{depth}b") for v in flat)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def filtered(row, above, step, kind):
    out = bytearray([kind])
    for i, v in enumerate(row):
        a = row[i - step] if i >= step else 0
        b = above[i]
        c = above[i - step] if i >= step else 0
        out.append((v - [0, a, b, (a + b) // 2, paeth(a, b, c)][kind]) & 255)
    return bytes(out)


def png(samples, depth, color, interlaced, extra=b"", parts=3):
    """samples: [height, width, samples of a pixel]."""
    height, width, count = samples.shape
    step = max(count * depth // 8, 1)
    raw, kind = b"", 0
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = samples[y0::dy, x0::dx]
        if part.size == 0:
            continue
        above = bytes(len(pack_row(part[0], depth)))
        for row in part:
            packed = pack_row(row, depth)
            raw += filtered(packed, above, step, kind % 5)
            above, kind = packed, kind + 1
    data = zlib.compress(raw, 9)
    cut = [len(data) * i // parts for i in range(parts + 1)]
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra
            + b"".join(chunk(b"IDAT", data[a:b]) for a, b in zip(cut, cut[1:])) + chunk(b"IEND", b""))


def over_white(color, alpha, most):
    """color [h, w, 3] and alpha [h, w] of 0..most, to 8 bits, rounded half up."""
    color, alpha = color.astype(object), alpha.astype(object)[..., None]
    scaled = (color * alpha + most * (most - alpha)) * 255
    whole = most * most
    return ((scaled * 2 + whole) // (2 * whole)).astype(np.uint8)


def make_png():
    cases = Cases("png")
    folder = HERE / "png"
    folder.mkdir(exist_ok=True)
    base = picture(13, 11).astype(np.int64)
    height, width, _ = base.shape
    y, x = np.mgrid[0:height, 0:width]
    opacity = (x * 5 + y * 13) % 256
    for color, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for depth in depths:
            for interlaced in (False, True):
                for keyed in (False, True) if color in (0, 2, 3) else (False,):
                    most = (1 << depth) - 1
                    low = (x * 7 + y * 31) % 256
                    wide = (lambda v: v * 256 + low[..., None]) if depth == 16 else (lambda v: v * most // 255)
                    rgb, gray, alpha = wide(base), wide(base[..., 1:2]), wide(opacity[..., None])
                    extra, full = b"", np.full((height, width), most)
                    if color == 3:
                        samples = (x + y * 3)[..., None] % (most + 1)
                        table = picture(16, 16, seed=5).reshape(-1, 3)[:most + 1].astype(np.int64)
                        clear = np.full(most + 1, 255)
                        extra = chunk(b"PLTE", table.astype(np.uint8).tobytes())
                        if keyed:
                            clear[:(most + 1) // 2] = np.arange((most + 1) // 2) * 77 % 256
                            extra += chunk(b"tRNS", clear[:(most + 1) // 2].astype(np.uint8).tobytes())
                        expected = over_white(table[samples[..., 0]], clear[samples[..., 0]], 255)
                    elif color in (0, 2):
                        samples = gray if color == 0 else rgb
                        key = samples[height // 2, width // 2]
                        if keyed:
                            extra = chunk(b"tRNS", b"".join(struct.pack(">H", v) for v in key))
                            full = np.where((samples == key).all(-1), 0, most)
                        expected = over_white(np.broadcast_to(samples, (height, width, 3)), full, most)
                    else:
                        shown = gray if color == 4 else rgb
                        samples = np.concatenate([shown, alpha], -1)
                        expected = over_white(np.broadcast_to(shown, (height, width, 3)), alpha[..., 0], most)
                    name = f"c{color}-d{depth}{'-adam7' if interlaced else ''}{'-trns' if keyed else ''}.png"
                    data = png(samples, depth, color, interlaced, extra)
                    (folder / name).write_bytes(data)
                    if not keyed and color != 4 and color != 6 and depth != 16:
                        pillow = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
                        assert (pillow == expected).all(), name
                    cases.add(expected, file=f"png/{name}")
    cases.save()


# --- JPEG: libjpeg-turbo is the definition ------------------------------------------------------------------------

# Planes in scans of their own; and a progressive order with single coefficients and three refinements.
SEPARATE = "0;1;2;"
DEEP = """0,1,2: 0-0, 0, 2;
0: 1-1, 0, 3; 0: 2-5, 0, 1; 1: 1-63, 0, 2; 2: 1-63, 0, 1; 0: 6-63, 0, 2;
0,1,2: 0-0, 2, 1; 0: 1-1, 3, 2; 0: 1-1, 2, 1; 0: 6-63, 2, 1; 1: 1-63, 2, 1; 0,1,2: 0-0, 1, 0;
0: 1-63, 1, 0; 1: 1-63, 1, 0; 2: 1-63, 1, 0;"""


def cjpeg(rgb, *options, script=None):
    ppm = io.BytesIO()
    Image.fromarray(rgb).save(ppm, "PPM")
    if script:
        path = HERE / "scans.tmp"
        path.write_text(script)
        options += ("-scans", str(path))
    try:
        return subprocess.run(["cjpeg", *options], input=ppm.getvalue(), stdout=subprocess.PIPE, check=True).stdout
    finally:
        if script:
            path.unlink()


def with_exif(data, orientation):
    exif = Image.Exif()
    exif[0x0110] = "camera"
    exif[0x0112] = orientation
    body = exif.tobytes()
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def make_jpeg():
    cases = Cases("jpeg")
    folder = HERE / "jpeg"
    folder.mkdir(exist_ok=True)

    def add(name, data, turned=False):
        (folder / f"{name}.jpg").write_bytes(data)
        image = Image.open(io.BytesIO(data))
        image.load()
        if turned:
            image = ImageOps.exif_transpose(image)
        cases.add(np.asarray(image.convert("RGB")), file=f"jpeg/{name}.jpg")

    base = picture(45, 37)
    for sampling in ("1x1", "2x1", "1x2", "2x2", "4x1", "4x2", "1x1,2x1,2x1", "2x2,2x1,1x2"):
        name = sampling.replace(",", "-")
        add(f"sampling-{name}", cjpeg(base, "-quality", "85", "-sample", sampling))
        add(f"progressive-{name}", cjpeg(base, "-quality", "85", "-sample", sampling, "-progressive"))
    for width, height in ((1, 1), (2, 3), (3, 2), (4, 4), (5, 5), (6, 1), (1, 6), (16, 16), (17, 33)):
        add(f"size-{width}x{height}", cjpeg(picture(width, height), "-quality", "90", "-sample", "2x2"))
    add("quality-100", cjpeg(base, "-quality", "100", "-sample", "1x1"))
    add("quality-5", cjpeg(base, "-quality", "5", "-sample", "2x2"))
    add("gray", cjpeg(base, "-grayscale"))
    add("gray-progressive", cjpeg(base, "-grayscale", "-progressive"))
    add("rgb", cjpeg(base, "-rgb"))
    add("optimised", cjpeg(base, "-optimize"))
    add("restart-rows", cjpeg(base, "-restart", "1"))
    add("restart-units", cjpeg(base, "-restart", "2B"))
    add("restart-progressive", cjpeg(base, "-restart", "3B", "-progressive"))
    add("separate-scans", cjpeg(base, "-sample", "2x2", script=SEPARATE))
    add("separate-scans-restart", cjpeg(base, "-sample", "2x1", "-restart", "4B", script=SEPARATE))
    add("deep-progressive", cjpeg(base, "-quality", "95", "-sample", "2x1", script=DEEP))
    small = cjpeg(picture(11, 7), "-quality", "90", "-sample", "1x1")
    for orientation in range(1, 9):
        add(f"exif-{orientation}", with_exif(small, orientation), turned=True)
    cases.save()

    # Files that are valid and refused.
    (folder / "refused-arithmetic.jpg").write_bytes(cjpeg(base, "-arithmetic"))
    cmyk = io.BytesIO()
    Image.fromarray(base).convert("CMYK").save(cmyk, "JPEG")
    (folder / "refused-cmyk.jpg").write_bytes(cmyk.getvalue())


# --- colour profiles: littlecms, through Pillow, is the definition --------------------------------------------------

def fixed(*values):
    return b"".join(struct.pack(">i", round(v * 65536)) for v in values)


def para(function, *values):
    return b"para" + bytes(4) + struct.pack(">HH", function, 0) + fixed(*values)


def curv(*values):
    return b"curv" + bytes(4) + struct.pack(f">I{len(values)}H", len(values), *values)


def profile(space, tags):
    """An ICC profile of version 4 for a display, which white is D50."""
    text = b"mluc" + bytes(4) + struct.pack(">IIHHII", 1, 12, 0x656E, 0x5553, 4, 28) + "ab".encode("utf-16-be")
    tags = {b"desc": text, b"cprt": text, b"wtpt": b"XYZ " + bytes(4) + fixed(0.9642, 1, 0.8249), **tags}
    offset, table, data = 132 + 12 * len(tags), b"", b""
    for name, element in tags.items():
        element += bytes(-len(element) % 4)
        table += struct.pack(">4sII", name, offset + len(data), len(element))
        data += element
    head = struct.pack(">I4sI4s4s4s", offset + len(data), bytes(4), 0x04300000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + fixed(0.9642, 1, 0.8249) + bytes(48)
    return head + struct.pack(">I", len(tags)) + table + data


def rgb_profile(colorants, *curves):
    curves = curves * 3 if len(curves) == 1 else curves
    tags = {f"{c}XYZ".encode(): b"XYZ " + bytes(4) + fixed(*xyz) for c, xyz in zip("rgb", colorants)}
    return profile(b"RGB ", {**tags, **{f"{c}TRC".encode(): curve for c, curve in zip("rgb", curves)}})


def make_profiles():
    """Colorants are those of the published profiles, adapted to D50."""
    srgb = para(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    p3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
    adobe = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
    wide = ((0.79767, 0.28804, 0.0), (0.13519, 0.71187, 0.0), (0.03134, 0.00009, 0.82490))
    bt709 = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
    table = curv(*[round(65535 * (i / 63) ** 1.8) for i in range(64)])
    profiles = {
        "display-p3": rgb_profile(p3, srgb),
        "adobe-rgb": rgb_profile(adobe, curv(0x0233)),
        "wide-table": rgb_profile(wide, table),
        "linear": rgb_profile(bt709, curv()),
        "three-curves": rgb_profile(
            bt709, para(0, 1.8), para(1, 2.2, 0.9, 0.1), para(4, 2.2, 0.9, 0.1, 0.5, 0.2, 0, 0)),
        "srgb": rgb_profile(bt709, srgb),
        "gray-gamma": profile(b"GRAY", {b"kTRC": para(0, 1.8)}),
    }
    folder = HERE / "profiles"
    folder.mkdir(exist_ok=True)
    cases = Cases("profiles")
    to = ImageCms.createProfile("sRGB")
    for name, icc in profiles.items():
        source = Image.fromarray(picture(31, 19))
        if name.startswith("gray"):
            source = source.convert("L")
        # Flags: no optimisation, whose tables of 8 bits would be off by up to three.
        converted = source if name == "srgb" else ImageCms.profileToProfile(
            source, ImageCms.ImageCmsProfile(io.BytesIO(icc)), to, renderingIntent=1,
            outputMode="RGB", flags=0x0100)
        source.save(folder / f"{name}.png", icc_profile=icc)
        cases.add(np.asarray(converted.convert("RGB")), file=f"{name}.png")

    # The profile is in two parts, as large ones are.
    icc = profiles["display-p3"]
    data = io.BytesIO()
    Image.fromarray(picture(32, 16)).save(data, "JPEG", quality=95)
    data = data.getvalue()
    parts = [icc[:200], icc[200:]]
    segments = b"".join(
        b"\xFF\xE2" + struct.pack(">H", len(part) + 16) + b"ICC_PROFILE\0" + bytes([i + 1, 2]) + part
        for i, part in reversed(list(enumerate(parts))))
    data = data[:2] + segments + data[2:]
    (folder / "display-p3.jpg").write_bytes(data)
    converted = ImageCms.profileToProfile(
        Image.open(io.BytesIO(data)), ImageCms.ImageCmsProfile(io.BytesIO(icc)), to, renderingIntent=1, flags=0x0100)
    cases.add(np.asarray(converted), file="display-p3.jpg")
    cases.save()


if __name__ == "__main__":
    make_resize()
    make_png()
    make_jpeg()
    make_profiles()
