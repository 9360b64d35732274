"""Second stage: U-Net, hyper-encoder and text encoder together, on latents of the finished autoencoder."""
import os

import numpy as np
import torch
from torch.nn import functional as F

from ..noise_schedule import Schedule, min_snr_weight
from ..trainer import crop_side

_STRIDE = 8


def measure_scale(model, pictures, device, count=256):
    """Sets the autoencoder's scaling factor so that the latents of training pictures have unit variance."""
    with torch.no_grad():
        z = torch.cat([model.vae.encode(pictures.batch(pictures.train[k:k + 16]).to(device))
                       for k in range(0, min(count, len(pictures.train)), 16)])
    model.vae.config["scaling_factor"] = float(1 / z.std())


def packed_latents(model, pictures, work, device, autocast):
    """Latents of all pictures [N, C, h, w] as fp16 in a file, made once for an autoencoder."""
    path = os.path.join(work, "latents.npy")
    key = [round(float(sum(p.double().abs().sum() for p in model.vae.encoder.parameters())), 3), pictures.size]
    note = path + ".json"
    if os.path.exists(path) and os.path.exists(note):
        with open(note, encoding="utf-8") as file:
            if file.read() == repr(key):
                return np.load(path, mmap_mode="r")
    side, channels = pictures.size // _STRIDE, model.vae.config["latent_channels"]
    latents = np.lib.format.open_memmap(
        path, "w+", np.float16, (len(pictures.names), channels, side, side))
    with torch.no_grad(), autocast():
        for k in range(0, len(latents), 16):
            x = pictures.batch(np.arange(k, min(k + 16, len(latents)))).to(device)
            latents[k:k + 16] = (model.vae.encode(x).float() * model.vae.scale).cpu().half().numpy()
    latents.flush()
    with open(note, "w", encoding="utf-8") as file:
        file.write(repr(key))
    return latents


class DenoiserStage:
    """v-prediction with min-SNR weights and the quantiser's commitment loss; some captions are left out."""

    name = "denoiser"

    def __init__(self, model, pictures, latents, options, device):
        self.model, self.pictures, self.latents = model, pictures, latents
        self.options, self.device = options, device
        self.modules = {name: model.networks[name] for name in ("unet", "hyper_enc", "text_encoder")}
        self.schedule = Schedule(model.scheduler, device)
        self.weights = min_snr_weight(self.schedule.kept, options.min_snr or float("inf"))
        self.weights = self.weights / self.weights.mean()
        self.captions = [[model.text_ids(text) for text in texts] for texts in pictures.captions]
        self.empty = model.text_ids("")

    def extra(self):
        return {}

    def load_extra(self, state):
        pass

    def _texts(self, indices, rng):
        """A random caption each; the empty one for a share, and for pictures without captions."""
        chosen = []
        for i in indices:
            texts = self.captions[i]
            spare = not texts or rng.random() < self.options.empty_captions
            chosen.append(self.empty if spare else texts[rng.integers(len(texts))])
        return torch.tensor(chosen, device=self.device)

    def _crop(self, indices, side, rng):
        # Multiples of four, so that the codes' grid and the U-Net's levels stay whole.
        room = (self.latents.shape[-1] - side) // 4
        y, x = 4 * rng.integers(0, room + 1, 2)
        z = self.latents[np.sort(indices), :, y:y + side, x:x + side]
        return torch.from_numpy(z.astype(np.float32)).to(self.device)

    def _predict(self, z, texts, t):
        noise = torch.randn_like(z)
        noisy, v = self.schedule.noisy(z, noise, t)
        local, indices, commitment = self.modules["hyper_enc"](z)
        predicted = self.modules["unet"](noisy, t, self.modules["text_encoder"](texts), local)
        return (predicted.float() - v).pow(2).mean((1, 2, 3)), indices, commitment

    def step(self, rng, progress):
        """One batch -> (loss, numbers for the curve)."""
        indices = np.sort(rng.choice(self.pictures.train, self.options.batch))
        z = self._crop(indices, crop_side(self.options.crops, progress) // _STRIDE, rng)
        t = torch.randint(0, len(self.schedule.kept), (len(z),), device=self.device)
        error, used, commitment = self._predict(z, self._texts(indices, rng), t)
        loss = (error * self.weights[t]).mean() + commitment
        return loss, {"v-error": error.mean().item(), "commitment": commitment.item(),
                      "codes": float(len(used.unique()))}

    def validate(self):
        """Error of the v-prediction on held-back pictures, at the same noise and timesteps every time."""
        held, errors = np.array(self.pictures.validation), []
        state = torch.get_rng_state()
        torch.manual_seed(0)
        for k in range(0, len(held), 16):
            indices = held[k:k + 16]
            z = torch.from_numpy(self.latents[np.sort(indices)].astype(np.float32)).to(self.device)
            t = torch.linspace(20, 980, len(z), device=self.device).long()
            texts = torch.tensor([(self.captions[i] or [self.empty])[0] for i in np.sort(indices)], device=self.device)
            errors += self._predict(z, texts, t)[0].tolist()
        torch.set_rng_state(state)
        return {"v-error": float(np.mean(errors))}


class DenoisedLatents:
    """What the decoder sees in use: the denoiser's estimate of a latent from a noisy one, for its fine-tuning."""

    def __init__(self, model, pictures, device, lowest):
        self.model, self.device, self.lowest = model, device, lowest
        self.schedule = Schedule(model.scheduler, device)
        self.captions = [model.text_ids(texts[0] if texts else "") for texts in pictures.captions]

    @torch.no_grad()
    def __call__(self, mean, indices):
        z = mean.float() * self.model.vae.scale
        t = torch.randint(self.lowest, len(self.schedule.kept), (len(z),), device=self.device)
        noisy, _ = self.schedule.noisy(z, torch.randn_like(z), t)
        local, _, _ = self.model.hyper_enc(z)
        texts = torch.tensor([self.captions[i] for i in indices], device=self.device)
        v = self.model.unet(noisy, t, self.model.text_encoder(texts), local).float()
        return self.schedule.clean(noisy, v, t) / self.model.vae.scale
