"""The training's pictures: packed once as squares of bytes, with their names, captions and the held-back list."""
import glob
import io
import json
import os
import tarfile

import numpy as np
import torch
from PIL import Image

_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


def _files(patterns):
    """Yields (name, bytes) of every picture in the folders, tar files and patterns, in sorted order."""
    for pattern in patterns:
        paths = sorted(glob.glob(pattern))
        if not paths:
            raise ValueError(f"no pictures at '{pattern}'")
        for path in paths:
            if os.path.isdir(path):
                paths_inside = sorted(f for f in os.listdir(path) if f.lower().endswith(_ENDINGS))
                for name in paths_inside:
                    with open(os.path.join(path, name), "rb") as file:
                        yield name, file.read()
            elif path.endswith(".tar"):
                with tarfile.open(path) as archive:
                    for member in archive:
                        if member.isfile() and member.name.lower().endswith(_ENDINGS):
                            yield os.path.basename(member.name), archive.extractfile(member).read()
            else:
                with open(path, "rb") as file:
                    yield os.path.basename(path), file.read()


def square(data, size):
    """The picture's centre, scaled so that the short side is SIZE: [SIZE, SIZE, 3] bytes."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    scale = size / min(image.size)
    if scale != 1:
        image = image.resize([max(size, round(s * scale)) for s in image.size], Image.BICUBIC)
    left, top = (image.size[0] - size) // 2, (image.size[1] - size) // 2
    return np.asarray(image.crop((left, top, left + size, top + size)))


def load_picture(path):
    """A picture file as [1, 3, H, W] in [-1, 1]."""
    return to_unit(torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)[None])


def to_unit(x):
    """Bytes -> [-1, 1]."""
    return x.float() / 127.5 - 1


def to_bytes(x):
    """[-1, 1], [3, H, W] -> [H, W, 3] bytes, rounded to nearest."""
    return ((x.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()


class PictureSet:
    """Packed pictures [N, size, size, 3]; `train` and `held` are indices, `captions[i]` a list (empty if none)."""

    def __init__(self, data, work):
        os.makedirs(work, exist_ok=True)
        packed = os.path.join(work, f"pictures-{data.size}.npy")
        listing = os.path.join(work, f"pictures-{data.size}.json")
        source = {"pictures": data.pictures, "limit": data.limit}
        if not self._is_current(listing, source):
            names, arrays = [], []
            for name, content in _files(data.pictures):
                names.append(name)
                arrays.append(square(content, data.size))
                if data.limit and len(names) == data.limit:
                    break
            np.save(packed + ".new.npy", np.stack(arrays))
            os.replace(packed + ".new.npy", packed)
            with open(listing, "w", encoding="utf-8") as file:
                json.dump({"source": source, "names": names}, file)
        self.array = np.load(packed, mmap_mode="r")
        with open(listing, encoding="utf-8") as file:
            self.names = json.load(file)["names"]
        self.size = data.size
        captions = {}
        if data.captions:
            with open(data.captions, encoding="utf-8") as file:
                for line in file:
                    name, _, text = line.rstrip("\n").partition("\t")
                    captions.setdefault(name, []).append(text.rstrip(" .").lower())
        self.captions = [captions.get(name, []) for name in self.names]
        held = set()
        if data.held_back:
            with open(data.held_back, encoding="utf-8") as file:
                held = {line.strip() for line in file if line.strip() and not line.startswith("#")}
        self.held = [i for i, name in enumerate(self.names) if name in held]
        self.train = np.array([i for i, name in enumerate(self.names) if name not in held])
        if len(self.train) == 0:
            raise ValueError("every picture is held back: none is left to train on")
        self.validation = (self.held or list(self.train))[:data.validation]

    @staticmethod
    def _is_current(listing, source):
        if not os.path.exists(listing):
            return False
        with open(listing, encoding="utf-8") as file:
            return json.load(file)["source"] == source

    def batch(self, indices):
        """[B, 3, size, size] in [-1, 1]."""
        return to_unit(torch.from_numpy(self.array[indices]).permute(0, 3, 1, 2))

    def crops(self, count, side, rng, captioned=False):
        """Random pictures' random crops, mirrored half of the time.

        -> ([count, 3, side, side], indices, boxes [count, 4]: top, left, side, whether mirrored).
        """
        pool = self.with_captions if captioned else self.train
        indices = rng.choice(pool, count, replace=len(pool) < count)
        out, boxes = np.empty((count, side, side, 3), np.uint8), np.empty((count, 4), np.int64)
        for k, i in enumerate(indices):
            y, x = rng.integers(0, self.size - side + 1, 2)
            mirrored = rng.random() < 0.5
            crop = self.array[i, y:y + side, x:x + side]
            out[k] = crop[:, ::-1] if mirrored else crop
            boxes[k] = y, x, side, mirrored
        return to_unit(torch.from_numpy(out).permute(0, 3, 1, 2)), indices, boxes

    @property
    def with_captions(self):
        """Indices of the training pictures that have captions."""
        return np.array([i for i in self.train if self.captions[i]])
