"""Second stage: U-Net, hyper-encoder and text encoder together, on latents of the finished autoencoder."""
import os

import numpy as np
import torch
from torch.nn import functional as F

from ..noise_schedule import Schedule, min_snr_weight
from ..trainer import autocast, crop_side

STRIDE = 8
# In deviations of the latent: as large as errors of one-step decoding are.
_PUSH = 0.5


def measure_scale(model, pictures, device, count=256):
    """Sets the autoencoder's scaling factor so that the latents of training pictures have unit variance."""
    with torch.no_grad():
        z = torch.cat([model.vae.encode(pictures.batch(pictures.train[k:k + 16]).to(device))
                       for k in range(0, min(count, len(pictures.train)), 16)])
    model.vae.config["scaling_factor"] = float(1 / z.std())


@torch.no_grad()
def pixel_weights(vae, z):
    """What an error of each latent channel costs in the decoded picture, of mean 1: [C, 1, 1]; z [B, C, h, w]."""
    decoded = vae.decode(z / vae.scale)
    costs = torch.empty(z.shape[1], 1, 1, device=z.device)
    for channel in range(z.shape[1]):
        moved = z.clone()
        moved[:, channel] += _PUSH * torch.randn_like(moved[:, channel])
        costs[channel] = (vae.decode(moved / vae.scale) - decoded).float().pow(2).mean()
    return costs / costs.mean()


class PackedLatents:
    """Latents of pictures [N, C, h, w] as fp16 with the pictures' indices: `train` and `held` to draw from."""

    def __init__(self, array, train, held):
        self.array, self.train, self.held = array, train, held
        self.side = array.shape[-1]
        self._rows = {int(i): row for row, i in enumerate(np.concatenate([train, held]))}

    def batch(self, indices, device, y=0, x=0, side=0):
        """[B, C, side, side] at that place of each latent, fp32; side 0 is all of it."""
        side = side or self.side
        rows = [self._rows[int(i)] for i in indices]
        z = self.array[rows, :, y:y + side, x:x + side]
        return torch.from_numpy(z.astype(np.float32)).to(device)


def packed_latents(model, pictures, work, device, limit):
    """Latents of training pictures (a random LIMIT of them; 0: all) and of validation, made once an autoencoder."""
    path = os.path.join(work, "latents.npy")
    train = np.random.default_rng(0).permutation(pictures.train)[:limit or None]
    held = np.array(sorted(set(pictures.validation)), dtype=train.dtype)
    indices = np.concatenate([train, held])
    weights = round(float(sum(p.double().abs().sum() for p in model.vae.encoder.parameters())), 3)
    # Each stage measures the scale anew, and a GPU may give another last bit.
    key = [weights, round(model.vae.scale, 4), pictures.size, len(train), len(held)]
    note = path + ".json"
    if os.path.exists(path) and os.path.exists(note):
        with open(note, encoding="utf-8") as file:
            if file.read() == repr(key):
                return PackedLatents(np.load(path, mmap_mode="r"), train, held)
    side, channels = pictures.size // STRIDE, model.vae.config["latent_channels"]
    latents = np.lib.format.open_memmap(
        path, "w+", np.float16, (len(indices), channels, side, side))
    with torch.no_grad(), autocast(device):
        for k in range(0, len(latents), 16):
            x = pictures.batch(indices[k:k + 16]).to(device)
            latents[k:k + 16] = (model.vae.encode(x).float() * model.vae.scale).cpu().half().numpy()
    latents.flush()
    with open(note, "w", encoding="utf-8") as file:
        file.write(repr(key))
    return PackedLatents(latents, train, held)


def entropy(codes):
    """Bits a code, from how often each occurs."""
    share = torch.bincount(codes).float() / len(codes)
    return -(share * share.clamp_min(1e-12).log2()).sum().item()


class DenoiserStage:
    """v-prediction with min-SNR weights and the quantiser's commitment loss; some captions are left out.

    The first `one_step` of each batch is predicted from the schedule's last step, as one-step decoding does, and counts
    in full there, where min-SNR weights would leave next to nothing.
    """

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
        self.last = len(self.schedule.kept) - 1
        self.modules["hyper_enc"].quantizer._codebook.decay = options.codebook_decay
        self.channels = torch.ones(1, 1, 1, device=device)
        if options.pixel_weights:
            model.vae.eval()
            self.channels = pixel_weights(model.vae, latents.batch(latents.held[:8], device))

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

    def _place(self, side, rng):
        """A crop's upper left corner: multiples of four keep the codes' grid and the U-Net's levels whole."""
        return 4 * rng.integers(0, (self.latents.side - side) // 4 + 1, 2)

    def _timesteps(self, count):
        """Random ones, but the last for the share of the batch that is predicted in one step."""
        t = torch.randint(0, self.last + 1, (count,), device=self.device)
        t[:round(self.options.one_step * count)] = self.last
        return t

    def _predict(self, z, texts, t):
        """Error of each v, the clean latents that the predictions imply, the codes and the commitment loss."""
        noisy, v = self.schedule.noisy(z, torch.randn_like(z), t)
        local, codes, commitment = self.modules["hyper_enc"](z)
        predicted = self.modules["unet"](noisy, t, self.modules["text_encoder"](texts), local).float()
        error = ((predicted - v).pow(2) * self.channels).mean((1, 2, 3))
        return error, self.schedule.clean(noisy, predicted, t), codes, commitment

    def _weigh(self, error, t):
        """Mean of the errors by their timesteps' weights."""
        weights = self.weights[t]
        if self.options.one_step:
            weights = torch.where(t == self.last, torch.ones_like(weights), weights)
        return (error * weights).mean()

    def step(self, rng, progress):
        """One batch -> (loss, numbers for the curve)."""
        indices = rng.choice(self.latents.train, self.options.batch)
        side = crop_side(self.options.crops, progress) // STRIDE
        z = self.latents.batch(indices, self.device, *self._place(side, rng), side)
        t = self._timesteps(len(z))
        error, _, used, commitment = self._predict(z, self._texts(indices, rng), t)
        loss = self._weigh(error, t) + commitment
        return loss, {"v-error": error.mean().item(), "commitment": commitment.item(),
                      "codes": float(len(used.unique()))}

    def _first_texts(self, indices):
        return torch.tensor([(self.captions[i] or [self.empty])[0] for i in indices], device=self.device)

    def validate(self):
        """Errors of the v-prediction on held-back pictures at the same noise every time, and the codes' entropy."""
        held, errors, last, codes = self.latents.held, [], [], []
        state = torch.get_rng_state()
        torch.manual_seed(0)
        for k in range(0, len(held), 16):
            indices = held[k:k + 16]
            z, texts = self.latents.batch(indices, self.device), self._first_texts(indices)
            t = torch.linspace(20, 980, len(z), device=self.device).long()
            errors += self._predict(z, texts, t)[0].tolist()
            error, _, used, _ = self._predict(z, texts, torch.full_like(t, self.last))
            last += error.tolist()
            codes.append(used.flatten())
        torch.set_rng_state(state)
        return {"v-error": float(np.mean(errors)), "one-step v-error": float(np.mean(last)),
                "code bits": entropy(torch.cat(codes))}


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
