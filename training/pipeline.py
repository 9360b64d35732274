"""The codec's path in PyTorch: what the engine does with a picture, for cases and measurements."""
import torch
from PIL import Image

from .model import MAX_CAPTION
from .noise_schedule import Schedule, guided
from .pictures import load_picture


class Pipeline:
    """Encodes and decodes with a model in fp32."""

    def __init__(self, model, device):
        self.model, self.device = model.to(device).eval(), device
        self.schedule = Schedule(model.scheduler, device)

    @torch.no_grad()
    def encode(self, path):
        """-> latent mean times the scale, indices, the margins of the choice, and the caption's tokens."""
        model = self.model
        z = model.vae.encode(load_picture(path).to(self.device)) * model.vae.scale
        _, cosines, shape = model.hyper_enc.quantise(z)
        best = cosines.topk(2, -1)[0]
        with Image.open(path) as image:
            pixels = model.pixels(image).to(self.device)
        words = model.caption_words
        tokens = model.captioner.generate(pixels, words.bos, words.eos, MAX_CAPTION)
        return {"latent_mean": z, "indices": cosines.argmax(-1).reshape(shape),
                "margin": (best[:, 0] - best[:, 1]).reshape(shape), "caption_tokens": tokens[0]}

    def caption(self, tokens):
        return self.model.caption_words.decode(tokens.tolist()).strip()

    @torch.no_grad()
    def text(self, caption):
        return self.model.text_encoder(torch.tensor([self.model.text_ids(caption)], device=self.device))

    @torch.no_grad()
    def denoise(self, indices, caption, size, seed, steps, guidance):
        """Codes and caption -> the latent [1, C, *size] after DDIM from torch's CPU noise of the seed."""
        channels = self.model.vae.config["latent_channels"]
        noise = torch.randn(1, channels, *size, generator=torch.Generator().manual_seed(seed))
        predict = guided(self.model.unet, self.text(caption), self.text(""),
                         self.model.hyper_enc.lookup(indices), guidance)
        return self.schedule.sample(predict, noise.to(self.device), steps)

    @torch.no_grad()
    def decode(self, z):
        """A denoised latent -> the picture in [-1, 1]."""
        return self.model.vae.decode(z / self.model.vae.scale).clamp(-1, 1)
