#!/usr/bin/env python3
"""Turns checkpoints that only PyTorch reads (.bin, .ckpt, .pt, .pth) into checked safetensors.

    weights-converter/convert.py MODEL-FOLDER NEW-FOLDER     a model with its parts; everything else is copied
    weights-converter/convert.py weights.bin weights.safetensors

Nothing is renamed, cast or folded: the keys and types are the checkpoint's. Files are read with weights_only, which
runs no code from them. A tensor that is not finite, a target that exists, and a checkpoint without tensors are errors;
what else it holds is named and left out. Needs Python 3.9 and torch 1.13 or newer.
"""
import argparse
import json
import os
import re
import shutil
import sys

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from training import safetensors  # noqa: E402  the writer that the recipe uses

ENDINGS = (".bin", ".ckpt", ".pt", ".pth")
INDEX = re.compile(r"(.+\.bin)\.index(\.[^.]+)?\.json")  # of shards; between its endings the name of a variant


def new_name(name):
    """pytorch_model-00001-of-00002.bin -> model-00001-of-00002.safetensors: the names that readers look for."""
    stem = os.path.splitext(name)[0]
    return (stem[len("pytorch_"):] if stem.startswith("pytorch_model") else stem) + ".safetensors"


def tensors_of(path):
    """Key -> tensor of a checkpoint; training's wrapper around a state dict is taken off."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types, of which none is of use to whoever runs this
        # torch goes on to advise weights_only=False, which is the one thing not to do
        reason = re.split(r"\.\s|Re-running", str(error).splitlines()[0])[0]
        raise SystemExit(f"{path}: cannot be read without running code from it: {reason}")
    others = []
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        others = [key for key in content if key != "state_dict"]
        content = content["state_dict"]
    if not isinstance(content, dict) or not content:
        raise SystemExit(f"{path}: holds a {type(content).__name__}, expected a dictionary of tensors")
    tensors = {key: value for key, value in content.items() if isinstance(value, torch.Tensor)}
    others = sorted(map(str, others + [key for key in content if key not in tensors]))
    if others:
        print(f"{path}: left out, as they are no tensors: {', '.join(others)}", file=sys.stderr)
    if not tensors:
        raise SystemExit(f"{path}: holds no tensors")
    return tensors


def refuse_existing(path):
    if os.path.exists(path):
        raise SystemExit(f"{path}: exists already; name another place")


def convert_file(source, target):
    refuse_existing(target)
    tensors = tensors_of(source)
    partial = target + ".partial"
    try:
        safetensors.save(partial, tensors)
        os.replace(partial, target)
    except ValueError as error:
        raise SystemExit(f"{source}: {str(error).replace(partial, target)}")
    except OSError as error:
        raise SystemExit(f"{target}: cannot be written: {error.strerror}")
    finally:
        if os.path.exists(partial):
            os.remove(partial)
    print(f"{target}: {len(tensors)} tensors, {os.path.getsize(target)} bytes")


def convert_index(source, target):
    """The index of shards, which names the new files."""
    with open(source, encoding="utf-8") as file:
        index = json.load(file)
    index["weight_map"] = {key: new_name(shard) for key, shard in index["weight_map"].items()}
    with open(target, "w", encoding="utf-8") as file:
        json.dump(index, file, indent=2)


def convert_folder(source, target):
    """Whole or not at all: under another name until it is done."""
    refuse_existing(target)
    if os.path.commonpath([os.path.abspath(source), os.path.abspath(target)]) == os.path.abspath(source):
        raise SystemExit(f"{target}: lies in the model's own folder; name another place")
    partial = target + ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        convert_parts(source, partial)
        os.replace(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def convert_parts(source, target):
    for folder, _, names in os.walk(source):
        to = os.path.join(target, os.path.relpath(folder, source))
        os.makedirs(to, exist_ok=True)
        there = {name for name in names if ".safetensors" in name}
        for name in sorted(names):
            path = os.path.join(folder, name)
            index = INDEX.fullmatch(name)
            if index:
                new = f"{new_name(index[1])}.index{index[2] or ''}.json"
                if new not in there:
                    convert_index(path, os.path.join(to, new))
            elif name.endswith(ENDINGS):
                if new_name(name) not in there:  # the same weights lie beside it already
                    convert_file(path, os.path.join(to, new_name(name)))
            else:
                shutil.copyfile(path, os.path.join(to, name))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="a model's folder, or a checkpoint")
    parser.add_argument("target", help="the new folder, or the new .safetensors file")
    arguments = parser.parse_args()
    if os.path.isdir(arguments.source):
        convert_folder(os.path.normpath(arguments.source), os.path.normpath(arguments.target))
    elif not os.path.exists(arguments.source):
        raise SystemExit(f"{arguments.source}: no such file or folder")
    elif not arguments.source.endswith(ENDINGS) or not arguments.target.endswith(".safetensors"):
        raise SystemExit(f"expected a file that ends in {', '.join(ENDINGS)}, and a new one in .safetensors")
    else:
        convert_file(arguments.source, arguments.target)


if __name__ == "__main__":
    main()
