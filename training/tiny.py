"""Cuts one picture into a data set of eight, enough to run the tiny configuration: PICTURE FOLDER."""
import os
import sys

from PIL import Image

_CAPTIONS = ("Two parrots , number {} , look at each other .", "Red and yellow birds in front of leaves .")


def main(picture, folder):
    os.makedirs(folder, exist_ok=True)
    image = Image.open(picture).convert("RGB")
    with open(os.path.join(folder, "captions.tsv"), "w", encoding="utf-8") as captions:
        for i in range(8):
            image.crop((60 * i, 20 * i, 60 * i + 192, 20 * i + 128)).resize((96, 64)).save(
                os.path.join(folder, f"{i}.png"))
            for text in _CAPTIONS:
                captions.write(f"{i}.png\t{text.format(i)}\n")
    with open(os.path.join(folder, "held-back.txt"), "w", encoding="utf-8") as held:
        held.write("6.png\n7.png\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
