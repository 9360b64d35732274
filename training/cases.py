"""Writes whole-pipeline reference cases (kind `mini`) that `percoengine verify` compares the engine with."""
import json
import os
import shutil

from PIL import Image

from . import safetensors
from .pictures import load_picture, to_bytes
from .pipeline import Pipeline
from .stages.picture_loss import psnr

_TEXTS = ("a man in a red shirt is standing on a street", "  two  dogs\n run", "it's 12,345.6 km", "")


def write(model, pictures, folder, seed, device="cpu"):
    """One case a picture: FOLDER/cases.json and FOLDER/mini with arrays, decoded PNGs and the pictures themselves."""
    pipeline, perco = Pipeline(model, device), model.perco
    target = os.path.join(folder, "mini")
    os.makedirs(target, exist_ok=True)
    entries = []
    for path in pictures:
        name = os.path.splitext(os.path.basename(path))[0]
        print(f"case {name}", flush=True)
        x = load_picture(path)
        arrays = pipeline.encode(path)
        caption = pipeline.caption(arrays["caption_tokens"])
        arrays["text_hidden"] = pipeline.text(caption)
        z = pipeline.denoise(arrays["indices"], caption, arrays["latent_mean"].shape[-2:], seed,
                             perco["steps"], perco["guidance"])
        arrays["decoded_latent"] = z
        decoded = pipeline.decode(z).cpu()
        direct = pipeline.decode(arrays["latent_mean"]).cpu()
        safetensors.save(os.path.join(target, f"{name}.safetensors"), arrays)
        Image.fromarray(to_bytes(decoded[0])).save(os.path.join(target, f"{name}-decoded.png"), optimize=True)
        if os.path.abspath(os.path.dirname(path)) != os.path.abspath(target):
            shutil.copyfile(path, os.path.join(target, os.path.basename(path)))
        entries.append({"image": os.path.basename(path), "width": x.shape[-1], "height": x.shape[-2],
                        "caption": caption, "seed": seed, "steps": perco["steps"], "guidance": perco["guidance"],
                        "psnr": psnr(decoded, x).item(), "psnr_autoencoder": psnr(direct, x).item(),
                        "codes_used": len(arrays["indices"].unique())})
    words = model.caption_words
    tokenizer = [{"text": text, "ids": words.encode(text), "decoded": words.decode(words.encode(text))}
                 for text in _TEXTS]
    with open(os.path.join(target, "case.json"), "w", encoding="utf-8") as file:
        json.dump({"model": perco["id"], "captioner_tokenizer": tokenizer, "folder": ".", "cases": entries}, file,
                  indent=1)
        file.write("\n")
    with open(os.path.join(folder, "cases.json"), "w", encoding="utf-8") as file:
        json.dump({"tag": perco["id"], "cases": {"mini": "whole pipeline"}}, file, indent=1)
        file.write("\n")
    return entries
