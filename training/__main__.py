"""Command line: python3 -m training STAGE --config FILE [--set NAME=JSON ...]. See training/README.md."""
import argparse
import copy
import json
import os
import sys

import torch

from . import cases, curves, settings as settings_module, verify
from .model import Model
from .perceptual import PerceptualDistance
from .pictures import PictureSet
from .stages.autoencoder import AutoencoderStage
from .stages.captioner import CaptionerStage
from .stages.denoiser import DenoisedLatents, DenoiserStage, measure_scale, packed_latents
from .stages.end_to_end import EndToEndStage
from .stages.teacher import PackedFeatures
from .trainer import Interrupted, Trainer
from .widen import widen

STAGES = ("autoencoder", "denoiser", "end_to_end", "decoder", "captioner", "export", "cases", "verify")
# Pictures whose principal components a wider latent begins with.
_ANALYSED = 100


class Recipe:
    """The stages over one configuration; what an earlier stage made is read from its checkpoint."""

    def __init__(self, settings):
        self.settings = settings
        wanted = settings.device
        self.device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted)
        if settings.threads:
            torch.set_num_threads(settings.threads)
        if self.device.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = True
            torch.backends.cudnn.allow_tf32 = True
            torch.backends.cudnn.benchmark = True
        self.start_vae = None
        self.pictures = PictureSet(settings.data, settings.work)
        captions = [text for i in self.pictures.train for text in self.pictures.captions[i]]
        if settings.start:
            self.model = Model.open(settings.start, settings.captioner.dropout)
            self._widen()
            if settings.captioner.train == "new":
                self.model.renew_captioner(settings)
        else:
            self.model = Model.create(settings, captions)
        self.model.name(settings)
        self.model.to(self.device)
        if self.device.type == "cuda":
            self.model.vae.to(memory_format=torch.channels_last)
        print(f"{len(self.pictures.train)} pictures, {len(self.pictures.held)} held back; {self.device}; "
              + ", ".join(f"{name} {sum(p.numel() for p in network.parameters()) / 1e6:.2f} M"
                          for name, network in self.model.networks.items()), flush=True)

    def _widen(self):
        options, pictures = self.settings.model, None
        if options.latent > self.model.vae.config["latent_channels"] and options.spare_groups:
            train = self.pictures.train
            pictures = self.pictures.batch(train[::max(1, len(train) // _ANALYSED)])
        torch.manual_seed(self.settings.seed)
        if self.settings.autoencoder.hold:
            # A copy: where nothing is widened, the model's own is trained.
            self.start_vae = copy.deepcopy(self.model.vae).to(self.device).eval()
        self.model.networks = widen(self.model.networks, options.latent, options.spare_groups, pictures)

    def _finished(self, name):
        """Takes a stage's averaged weights from its checkpoint; raises where it has not been trained."""
        if getattr(self.settings, name).train == "none":
            return
        path = os.path.join(self.settings.work, name, "checkpoint.pt")
        if not os.path.exists(path):
            raise SystemExit(f"{path} is missing: run 'python3 -m training {name}' first, or set {name}.train=none")
        average = torch.load(path, map_location=self.device)["average"]
        for part, weights in average.items():
            if part in self.model.networks:  # and not what only training needs
                self.model.networks[part].load_state_dict(weights)

    def _set_scale(self):
        # A model that was started from keeps its scale: its denoiser knows the old channels at that size.
        if self.settings.autoencoder.train == "all" and not self.settings.start:
            self.model.vae.eval()
            measure_scale(self.model, self.pictures, self.device)

    def _train(self, stage, options):
        trainer = Trainer(stage, options, self.settings, self.device)
        trainer.run()
        return trainer

    def _perceptual(self):
        return PerceptualDistance(self.settings.perceptual).to(self.device) if self.settings.perceptual else None

    def autoencoder(self):
        options = self.settings.autoencoder
        if options.train == "none":
            return
        self._train(AutoencoderStage(
            "autoencoder", self.model.vae, self.pictures, self._perceptual(), options, self.device,
            held=self.start_vae), options)

    def decoder(self):
        options = self.settings.decoder
        if options.train == "none":
            return
        if options.train != "decoder":
            raise ValueError(f"decoder.train is '{options.train}', expected 'decoder' or 'none'")
        self._finished("autoencoder")
        self._set_scale()
        self._finished("denoiser")
        self._finished("end_to_end")
        self.model.eval()
        denoised = DenoisedLatents(self.model, self.pictures, self.device, options.denoised_from)
        self._train(AutoencoderStage(
            "decoder", self.model.vae, self.pictures, self._perceptual(), options, self.device, denoised), options)

    def denoiser(self):
        self._finished("autoencoder")
        self._set_scale()
        options = self.settings.denoiser
        if options.train == "none":
            return
        self._train(DenoiserStage(self.model, self.pictures, self._latents(options), options, self.device), options)

    def _latents(self, options):
        return packed_latents(self.model, self.pictures, self.settings.work, self.device, options.latents)

    def end_to_end(self):
        options = self.settings.end_to_end
        if options.train == "none":
            return
        self._finished("autoencoder")
        self._set_scale()
        self._finished("denoiser")
        self.model.eval()
        stage = EndToEndStage(
            self.model, self.pictures, self._latents(options), self._perceptual(), options, self.device)
        self._train(stage, options)

    def captioner(self):
        options = self.settings.captioner
        if options.train == "none":
            return
        teacher = None
        if options.distill:
            teacher = PackedFeatures(self.pictures, self.settings.perceptual, self.settings.work, self.device)
        self._train(CaptionerStage(self.model, self.pictures, teacher, options, self.device), options)

    def export(self):
        self._finished("autoencoder")
        self._set_scale()
        for name in ("denoiser", "end_to_end", "decoder", "captioner"):
            self._finished(name)
        self.model.write(self.settings.export)
        curves.write(self.settings.work, self.settings.export)
        size = sum(os.path.getsize(os.path.join(folder, file)) for folder, _, files in os.walk(self.settings.export)
                   for file in files)
        print(f"{self.settings.export}: {size / 1e6:.1f} MB", flush=True)

    def cases(self):
        # From the exported file, so that both sides have the same fp16 weights.
        entries = cases.write(Model.open(self.settings.export), self.settings.cases.pictures,
                              os.path.join(self.settings.work, "cases"), self.settings.cases.seed, "cpu")
        print(json.dumps(entries, indent=1), flush=True)

    def verify(self):
        verify.run(os.path.join(self.settings.work, "cases"), self.settings.export)


def main():
    parser = argparse.ArgumentParser(prog="python3 -m training", description=__doc__)
    parser.add_argument("stage", choices=(*STAGES, "all"))
    parser.add_argument("--config", required=True)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON",
                        help="overrides a setting, such as autoencoder.minutes=10")
    arguments = parser.parse_args()
    try:
        settings = settings_module.load(arguments.config, arguments.set)
        for stage in STAGES if arguments.stage == "all" else (arguments.stage,):
            getattr(Recipe(settings), stage)()
    except Interrupted as stop:
        print(stop, file=sys.stderr)
        sys.exit(130)
    except (ValueError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
