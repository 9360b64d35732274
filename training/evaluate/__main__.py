"""Command line: a table (Markdown and CSV) and a contact sheet of a model against other codecs at equal bytes."""
import argparse
import csv
import os
import random
import subprocess
import tarfile
import tempfile
from collections import defaultdict

import numpy as np
import torch
from PIL import Image

from ..model import Model
from ..perceptual import PerceptualDistance
from ..pictures import load_picture, to_bytes
from ..pipeline import Pipeline
from ..verify import engine_command
from . import codecs, metrics, nouns, sheet

_MEASURES = ("psnr", "ms-ssim", "distance")


def _tensor(image):
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 127.5 - 1


class Evaluation:
    """Collects (set, codec) -> values of each measure, and the rows of the contact sheet."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.model = Model.open(arguments.model)
        self.pipeline = Pipeline(self.model, "cpu")
        self.distance = PerceptualDistance(arguments.perceptual)
        self.values, self.rows, self.count = defaultdict(lambda: defaultdict(list)), [], defaultdict(int)

    @torch.no_grad()
    def _measure(self, y, x):
        y = y.clamp(-1, 1)
        return {"psnr": metrics.psnr(y, x), "ms-ssim": metrics.ms_ssim(y, x), "distance": self.distance(y, x).item()}

    def _add(self, group, codec, count, numbers):
        for name, value in {"bytes": count, **numbers}.items():
            self.values[group, codec][name].append(value)

    def _engine(self, path, folder):
        """The engine's file and picture -> (bytes, PIL picture)."""
        coded, back = os.path.join(folder, "x.perco"), os.path.join(folder, "x.png")
        command = [*engine_command()]
        quiet = ["-m", self.arguments.model, "-f", "-q"]
        subprocess.run([*command, "encode", path, coded, *quiet], check=True)
        subprocess.run([*command, "decode", coded, back, "--seed", str(self.arguments.seed), *quiet], check=True)
        return os.path.getsize(coded), Image.open(back).convert("RGB")

    @torch.no_grad()
    def picture(self, group, path):
        """All codecs on one picture."""
        image = Image.open(path).convert("RGB")
        x = load_picture(path)
        with tempfile.TemporaryDirectory() as folder:
            budget, decoded = self._engine(path, folder)
        direct = self.pipeline.decode(self.model.vae.encode(x) * self.model.vae.scale)
        row = [(os.path.basename(path), image)]
        for codec, count, y in (("PerCo autoencoder alone", 0, Image.fromarray(to_bytes(direct[0]))),
                                ("PerCo", budget, decoded)):
            numbers = self._measure(_tensor(y), x)
            self._add(group, codec, count, numbers)
            row.append((self._label(codec, count, numbers), y))
        for codec in self.arguments.codecs:
            results = [(count, self._measure(_tensor(y), x), y)
                       for _, count, y in codecs.at_bytes(codec, image, budget)]
            if not results:
                continue
            # Each measure at the scale that is best for it: in the other codec's favour.
            best = {"psnr": max(r[1]["psnr"] for r in results), "ms-ssim": max(r[1]["ms-ssim"] for r in results),
                    "distance": min(r[1]["distance"] for r in results)}
            count, numbers, y = min(results, key=lambda r: r[1]["distance"])
            self._add(group, codec, count, best)
            row.append((self._label(codec, count, numbers), y))
        self.count[group] += 1
        if self.count[group] <= self.arguments.rows:
            self.rows.append(row)
        print(os.path.basename(path), *(label.replace("\n", ", ") for label, _ in row[1:]), sep="\n  ", flush=True)

    @staticmethod
    def _label(codec, count, numbers):
        return (f"{codec} {count} B\n" if count else f"{codec}\n") + (
            f"{numbers['psnr']:.2f} dB, distance {numbers['distance']:.2f}")

    @torch.no_grad()
    def captions(self, pictures, references):
        """Share of captions whose main noun is in one, and in two, of the references."""
        one = two = 0
        words = self.model.caption_words
        for path in pictures:
            with Image.open(path) as image:
                tokens = self.model.captioner.generate(self.model.pixels(image), words.bos, words.eos, 32)[0]
            found = nouns.agreeing(words.decode(tokens.tolist()), references[os.path.basename(path)])
            one += found >= 1
            two += found >= 2
        return one / len(pictures), two / len(pictures)

    def table(self):
        """Markdown lines."""
        lines = ["| pictures | codec | bytes | PSNR | MS-SSIM | perceptual distance |", "|---|---|---|---|---|---|"]
        for (group, codec), values in self.values.items():
            count, total = len(values["psnr"]), self.count[group]
            mean = {name: sum(v) / count for name, v in values.items()}
            note = "" if count == total else f" (within the bytes for {count} of {total} only)"
            size = f"{mean['bytes']:.0f}" if mean["bytes"] else "-"
            lines.append(f"| {group} | {codec}{note} | {size} | {mean['psnr']:.2f} | {mean['ms-ssim']:.3f} "
                         f"| {mean['distance']:.3f} |")
        return lines


def _held_back(arguments, folder):
    """Unpacks held-back pictures from the tar files -> their paths, in an order fixed by the list alone."""
    with open(arguments.list, encoding="utf-8") as file:
        names = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    random.Random(0).shuffle(names)
    wanted = set(names)
    for path in arguments.held_back:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.name in wanted:
                    with open(os.path.join(folder, member.name), "wb") as file:
                        file.write(archive.extractfile(member).read())
    return [os.path.join(folder, name) for name in names if os.path.exists(os.path.join(folder, name))]


def main():
    parser = argparse.ArgumentParser(prog="python3 -m training.evaluate", description=__doc__)
    parser.add_argument("--model", default="models/perco-mini")
    parser.add_argument("--pictures", nargs="*", default=[], help="picture files, such as Kodak's")
    parser.add_argument("--held-back", nargs="*", default=[], metavar="TAR", help="tar files with held-back pictures")
    parser.add_argument("--list", default="training/held-back.txt", help="names of the held-back pictures")
    parser.add_argument("--count", type=int, default=200, help="how many held-back pictures to code")
    parser.add_argument("--captions", default="", help="lines of: file name, tab, reference caption")
    parser.add_argument("--perceptual", required=True, help="folder of the EfficientNet-Lite0 weights")
    parser.add_argument("--codecs", nargs="*", default=list(codecs.CODECS), choices=list(codecs.CODECS), metavar="NAME",
                        help=f"of {', '.join(codecs.CODECS)}; none without a name")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--rows", type=int, default=5, help="rows of the contact sheet a set")
    parser.add_argument("--out", default="evaluation")
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    for name in list(arguments.codecs):
        if codecs.missing(name):
            print(f"{name} is left out: {codecs.missing(name)} is not installed", flush=True)
            arguments.codecs.remove(name)
    evaluation, lines = Evaluation(arguments), []
    for path in arguments.pictures:
        evaluation.picture("Kodak", path)
    with tempfile.TemporaryDirectory() as folder:
        held = _held_back(arguments, folder)
        for path in held[:arguments.count]:
            evaluation.picture("held-back", path)
        if held and arguments.captions:
            references = defaultdict(list)
            with open(arguments.captions, encoding="utf-8") as file:
                for line in file:
                    name, _, text = line.rstrip("\n").partition("\t")
                    references[name].append(text)
            one, two = evaluation.captions(held, references)
            lines = ["", f"Main noun of the caption in one of the five references: {100 * one:.1f} %, in two or more: "
                     f"{100 * two:.1f} % of {len(held)} pictures."]
    lines = evaluation.table() + lines
    print("\n".join(lines))
    with open(os.path.join(arguments.out, "table.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    with open(os.path.join(arguments.out, "values.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["pictures", "codec", "measure", "values"])
        for (group, codec), values in evaluation.values.items():
            for name, numbers in values.items():
                writer.writerow([group, codec, name, *(f"{v:.5g}" for v in numbers)])
    if evaluation.rows:
        sheet.write(os.path.join(arguments.out, "contact-sheet.png"), evaluation.rows)


if __name__ == "__main__":
    main()
