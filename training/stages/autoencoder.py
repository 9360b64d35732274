"""First stage: the autoencoder, or its decoder alone so that the latent space stays as it is."""
import torch
import torch.nn.functional as F
from torch import nn

from ..trainer import autocast, crop_side
from .picture_loss import picture_loss, picture_measures


class PatchCritic(nn.Sequential):
    """A small patch discriminator for the adversarial term (hinge loss)."""

    def __init__(self, width=32):
        layers, channels = [], 3
        for i in range(3):
            layers += [nn.Conv2d(channels, width << i, 4, 2, 1), nn.LeakyReLU(0.2)]
            channels = width << i
        super().__init__(*layers, nn.Conv2d(channels, 1, 3, padding=1))


class AutoencoderStage:
    """Losses: L1, L2, gradients, colour differences, perceptual distance and late an adversarial term.

    HELD is an autoencoder whose latent channels the first ones stay near, so that a denoiser of them remains of use.
    """

    def __init__(self, name, model, pictures, perceptual, options, device, denoised=None, held=None):
        self.name, self.model, self.pictures, self.perceptual = name, model, pictures, perceptual
        self.options, self.device, self.denoised, self.held = options, device, denoised, held
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
        x, indices, _ = self.pictures.crops(options.batch, crop_side(options.crops, progress), rng)
        x = x.to(self.device)
        z, mean = self._latent(x, indices)
        y = self.model.decode(z)
        loss, numbers = picture_loss(y, x, options, self.perceptual, progress)
        if options.train == "all":
            loss = loss + 1e-4 * mean.float().pow(2).mean()
        if self.held is not None:
            with torch.no_grad():
                wanted = self.held.encode(x).float()
            moved = F.mse_loss(mean[:, :wanted.shape[1]].float(), wanted) / wanted.var()
            loss = loss + options.hold * moved
            numbers["moved"] = moved.item()
        if self.critic is not None and progress >= options.adversarial_from:
            with torch.autocast(self.device.type, enabled=False):
                loss = loss + options.adversarial * self._adversarial(y.float(), x)
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
            x = self.pictures.batch(held[k:k + 8]).to(self.device)
            with autocast(self.device):
                z = self.model.encode(x)
                latents = {"": z}
                if self.denoised is not None:
                    latents["denoised "] = self.denoised(z, held[k:k + 8]).to(z.dtype)
                pictures = {kind: self.model.decode(latent) for kind, latent in latents.items()}
            for kind, y in pictures.items():
                for name, value in picture_measures(kind, y, x, self.perceptual).items():
                    sums[name] = sums.get(name, 0.0) + value
        torch.set_rng_state(state)
        return {name: value / len(held) for name, value in sums.items()}
