"""Settings of a training: a JSON file over the defaults below; unknown names are errors."""
import json
import os
from types import SimpleNamespace

DEFAULTS = {
    "id": "perco-mini-x",          # written to perco.json; cases name it
    "name": "PerCo-Mini",
    "seed": 1,
    "device": "auto",              # auto, cpu or cuda
    "threads": 0,                  # of the CPU; 0 leaves torch's choice
    "work": "training-run",        # checkpoints, packed data, curves
    "export": "",                  # the model's folder; empty: WORK/model
    "start": "",                   # a model's folder to start from; empty: from scratch
    "perceptual": "",              # folder of the EfficientNet-Lite0 weights; empty: no perceptual term
    "save_minutes": 3,
    "report_steps": 20,
    "validate_steps": 200,
    "data": {
        "pictures": [],            # folders, tar files or patterns of them
        "captions": "",            # lines of: file name, tab, caption
        "held_back": "",           # file names never trained on, one a line
        "size": 224,               # pictures are packed as squares of this side
        "validation": 64,          # held-back pictures used while training
        "limit": 0,                # at most so many pictures; 0: all
    },
    "model": {
        "autoencoder": [24, 48, 96, 128], "autoencoder_layers": 1, "autoencoder_groups": 8, "latent": 4,
        "spare_groups": 0,         # groups of channels added to a start's autoencoder for the latent channels it gets
        "unet": [48, 96, 144], "unet_layers": 2, "unet_groups": 16, "unet_heads": [4, 4, 6],
        "hyper": 64, "codebook": 256, "codebook_dim": 16, "stride": 2, "bpp": 0.0313,
        "text": 128, "text_layers": 3, "text_heads": 4, "text_tokens": 32, "text_vocabulary": 2600,
        "captioner": 192, "vision_layers": 6, "vision_patch": 16, "queries": 16, "caption_layers": 4,
        "caption_vocabulary": 2000,
    },
    "sampling": {                  # written to the model, also to one that was started from
        "zero_terminal_snr": False,
        "spacing": "trailing",     # trailing begins in pure noise; leading is Stable Diffusion's
        "steps": 5, "guidance": 1.0,
    },
    "autoencoder": {
        "steps": 3000, "minutes": 0, "batch": 12, "learning_rate": 1e-3, "weight_decay": 1e-4, "ema": 0.999,
        "train": "all",            # all, decoder (the latent space stays as it is) or none
        "crops": [[0, 96]],        # from this share of the training on: crops of this side
        "l1": 1.0, "l2": 0.5, "gradient": 0.5, "chroma": 0.0,
        "perceptual": 0.15, "perceptual_from": 0.0,
        "adversarial": 0.0, "adversarial_from": 0.7,
        "latent_noise": 0.05,      # in standard deviations of the latent
        "hold": 0.0,               # weight of how far the start's latent channels move (mean square, in deviations)
    },
    "denoiser": {
        "steps": 3000, "minutes": 0, "batch": 16, "learning_rate": 1e-3, "weight_decay": 1e-2, "ema": 0.998,
        "train": "all",
        "crops": [[0, 160], [0.8, 224]],
        "empty_captions": 0.1, "min_snr": 5.0,
        "one_step": 0.0,           # share of the batch at the last timestep, as one-step decoding begins there
        "codebook_decay": 0.8,     # of the codes' moving means
        "latents": 0,              # of so many training pictures, drawn once; 0: all
        "pixel_weights": False,    # weigh each latent channel's error by what it costs in the decoded picture
    },
    "end_to_end": {                # the denoiser and the decoder together, on one-step decoded pictures
        "steps": 1000, "minutes": 0, "batch": 12, "learning_rate": 3e-4, "weight_decay": 1e-4, "ema": 0.99,
        "train": "none",           # all, denoiser (the decoder stays as it is) or none
        "crops": [[0, 128]],
        "empty_captions": 0.1, "min_snr": 5.0, "one_step": 0.67, "codebook_decay": 0.95, "latents": 0,
        "pixel_weights": False,
        "clean": 0.0,              # share of the batch decoded from its true latents
        "latent": 0.3, "commitment": 0.3,
        "l1": 0.3, "l2": 3.0, "gradient": 0.1, "chroma": 2.0,
        "perceptual": 0.04, "perceptual_from": 0.0,
    },
    "decoder": {                   # the autoencoder's decoder once more, on the denoiser's latents
        "steps": 1000, "minutes": 0, "batch": 6, "learning_rate": 4e-4, "weight_decay": 1e-4, "ema": 0.99,
        "train": "none",           # decoder or none
        "crops": [[0, 128]],
        "l1": 0.3, "l2": 3.0, "gradient": 0.1, "chroma": 2.0,
        "perceptual": 0.04, "perceptual_from": 0.0, "adversarial": 0.0, "adversarial_from": 0.7,
        "latent_noise": 0.03,
        "denoised": 0.67,          # share of the batch decoded from the denoiser's estimate
        "denoised_from": 999,      # lowest timestep of that estimate
    },
    "captioner": {
        "steps": 3000, "minutes": 0, "batch": 32, "learning_rate": 8e-4, "weight_decay": 0.05, "ema": 0.998,
        "train": "all",            # all, new (also where `start` has a captioner: with random weights) or none
        "dropout": 0.15, "label_smoothing": 0.05,
        "consensus": 0.0,          # captions drawn by this power of how many others name their subject
        "distill": 0.0,            # weight of the distance to EfficientNet-Lite0's last feature map, of `perceptual`
        "distill_only": 0.3,       # share of the training, its first, that learns only that, from all pictures
        "patches": 1.0,            # share of the picture's patches that a step looks at
        "validation": 64,          # held-back pictures captioned while training
    },
    "cases": {"pictures": [], "seed": 42},   # pictures of the whole-pipeline cases; the folder is WORK/cases
}


def _merge(defaults, given, path):
    unknown = set(given) - set(defaults)
    if unknown:
        raise ValueError(f"{path}: unknown setting '{sorted(unknown)[0]}'; known here: {', '.join(defaults)}")
    merged = {}
    for name, value in defaults.items():
        if isinstance(value, dict):
            merged[name] = SimpleNamespace(**_merge(value, given.get(name, {}), f"{path}: {name}"))
        else:
            merged[name] = given.get(name, value)
    return merged


def load(path, overrides=()):
    """Reads PATH; overrides are NAME=JSON or SECTION.NAME=JSON. Environment variables in paths are expanded."""
    with open(path, encoding="utf-8") as file:
        given = json.load(file)
    for item in overrides:
        name, _, value = item.partition("=")
        *sections, last = name.split(".")
        target = given
        for section in sections:
            target = target.setdefault(section, {})
        target[last] = json.loads(value)
    settings = SimpleNamespace(**_merge(DEFAULTS, given, path))

    def expand(text):
        return os.path.expandvars(os.path.expanduser(text))

    for name in ("work", "export", "start", "perceptual"):
        setattr(settings, name, expand(getattr(settings, name)))
    settings.export = settings.export or os.path.join(settings.work, "model")
    for name in ("captions", "held_back"):
        setattr(settings.data, name, expand(getattr(settings.data, name)))
    settings.data.pictures = [expand(p) for p in settings.data.pictures]
    settings.cases.pictures = [expand(p) for p in settings.cases.pictures]
    return settings
