"""First stage: the autoencoder, or its decoder alone so that the latent space stays as it is."""
import torch
import torch.nn.functional as F
from torch import nn

from ..trainer import crop_side

# Rec. 601 weights; luma, then the two colour differences.
_LUMA = (0.299, 0.587, 0.114)


def psnr(y, x):
    """Of each picture of the batch, in dB; values in [-1, 1]."""
    return 10 * torch.log10(4 / (y.clamp(-1, 1) - x).float().pow(2).mean((1, 2, 3)).clamp_min(1e-12))


def colour_differences(x):
    """[B, 3, H, W] -> [B, 2, H, W]: red and blue less luma, so that grey is zero."""
    weights = torch.tensor(_LUMA, device=x.device, dtype=x.dtype)[None, :, None, None]
    luma = (x * weights).sum(1, keepdim=True)
    return torch.cat([x[:, :1] - luma, x[:, 2:] - luma], 1)


def gradient_distance(y, x):
    """L1 distance of the differences to the neighbours one and two pixels away."""
    total = 0.0
    for k in (1, 2):
        total = total + F.l1_loss(y[..., k:] - y[..., :-k], x[..., k:] - x[..., :-k])
        total = total + F.l1_loss(y[..., k:, :] - y[..., :-k, :], x[..., k:, :] - x[..., :-k, :])
    return total


class PatchCritic(nn.Sequential):
    """A small patch discriminator for the adversarial term (hinge loss)."""

    def __init__(self, width=32):
        layers, channels = [], 3
        for i in range(3):
            layers += [nn.Conv2d(channels, width << i, 4, 2, 1), nn.LeakyReLU(0.2)]
            channels = width << i
        super().__init__(*layers, nn.Conv2d(channels, 1, 3, padding=1))


class AutoencoderStage:
    """Losses: L1, L2, gradients, colour differences, perceptual distance and late an adversarial term."""

    def __init__(self, name, model, pictures, perceptual, options, device, denoised=None):
        self.name, self.model, self.pictures, self.perceptual = name, model, pictures, perceptual
        self.options, self.device, self.denoised = options, device, denoised
        self.modules = {"vae": model}
        for parameter in model.parameters():
            parameter.requires_grad_(options.train == "all")
        if options.train == "decoder":
            for part in (model.decoder, model.post_quant_conv):
                part.requires_grad_(True)
        self.critic = None
        if options.adversarial:
            self.critic = PatchCritic().to(device)
            self.critic_optimiser = torch.optim.Adam(
                self.critic.parameters(), lr=options.learning_rate, betas=(0.5, 0.9))

    def extra(self):
        """What the checkpoint holds beyond the modules."""
        if self.critic is None:
            return {}
        return {"critic": self.critic.state_dict(), "optimiser": self.critic_optimiser.state_dict()}

    def load_extra(self, state):
        if self.critic is not None and state:
            self.critic.load_state_dict(state["critic"])
            self.critic_optimiser.load_state_dict(state["optimiser"])

    def _latent(self, x, indices):
        options = self.options
        with torch.set_grad_enabled(options.train == "all"):
            z = self.model.encode(x)
        mean = z
        z = z + options.latent_noise * torch.randn_like(z) * z.detach().std()
        if self.denoised is not None:
            count = round(options.denoised * len(x))
            z = torch.cat([self.denoised(mean[:count], indices[:count]).to(z.dtype), z[count:]])
        return z, mean

    def step(self, rng, progress):
        """One batch -> (loss, numbers for the curve)."""
        options = self.options
        x, indices = self.pictures.crops(options.batch, crop_side(options.crops, progress), rng)
        x = x.to(self.device, memory_format=torch.channels_last)
        z, mean = self._latent(x, indices)
        y = self.model.decode(z)
        with torch.autocast(self.device.type, enabled=False):
            y = y.float()
            loss = options.l1 * F.l1_loss(y, x) + options.l2 * F.mse_loss(y, x)
            loss = loss + options.gradient * gradient_distance(y, x)
            if options.chroma:
                loss = loss + options.chroma * F.mse_loss(colour_differences(y), colour_differences(x))
            if options.train == "all":
                loss = loss + 1e-4 * mean.float().pow(2).mean()
            numbers = {"psnr": psnr(y.detach(), x).mean().item()}
            if self.perceptual is not None and options.perceptual and progress >= options.perceptual_from:
                distance = self.perceptual(y, x).mean()
                loss = loss + options.perceptual * distance
                numbers["perceptual"] = distance.item()
            if self.critic is not None and progress >= options.adversarial_from:
                loss = loss + options.adversarial * self._adversarial(y, x)
        numbers["loss"] = loss.item()
        return loss, numbers

    def _adversarial(self, y, x):
        real, fake = self.critic(x), self.critic(y.detach())
        loss = F.relu(1 - real).mean() + F.relu(1 + fake).mean()
        self.critic_optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.critic_optimiser.step()
        for parameter in self.critic.parameters():
            parameter.requires_grad_(False)
        judged = -self.critic(y).mean()
        for parameter in self.critic.parameters():
            parameter.requires_grad_(True)
        return judged

    def validate(self):
        """Mean PSNR and perceptual distance of held-back pictures: coded directly and, if so trained, denoised."""
        sums, held = {}, sorted(self.pictures.validation)
        state = torch.get_rng_state()
        torch.manual_seed(0)
        for k in range(0, len(held), 8):
            x = self.pictures.batch(held[k:k + 8]).to(self.device, memory_format=torch.channels_last)
            with torch.autocast(self.device.type, dtype=torch.bfloat16):
                z = self.model.encode(x)
                latents = {"": z}
                if self.denoised is not None:
                    latents["denoised "] = self.denoised(z, held[k:k + 8]).to(z.dtype)
                pictures = {kind: self.model.decode(latent) for kind, latent in latents.items()}
            for kind, y in pictures.items():
                y = y.float().clamp(-1, 1)
                measures = {"psnr": psnr(y, x)}
                if self.perceptual is not None:
                    measures["perceptual"] = self.perceptual(y, x)
                for name, values in measures.items():
                    sums[kind + name] = sums.get(kind + name, 0.0) + values.sum().item()
        torch.set_rng_state(state)
        return {name: value / len(held) for name, value in sums.items()}
