"""The diffusion's noise schedule, its loss weights and DDIM sampling (Song et al. 2021) with v-prediction."""
import torch

STEPS = 1000


def alphas_cumprod(zero_terminal_snr=False, beta_start=0.00085, beta_end=0.012):
    """Products of the kept variance: Stable Diffusion's schedule; rescaled to end in pure noise where asked."""
    betas = torch.linspace(beta_start ** 0.5, beta_end ** 0.5, STEPS) ** 2
    kept = torch.cumprod(1 - betas, 0)
    if zero_terminal_snr:
        # Lin et al. 2024: shift so that the last is zero, scale so that the first stays.
        root = kept.sqrt()
        root = (root - root[-1]) * root[0] / (root[0] - root[-1])
        kept = root ** 2
    return kept


def min_snr_weight(kept, gamma):
    """Min-SNR weights for a v-prediction (Hang et al. 2023): min(SNR, gamma) / (SNR + 1)."""
    snr = kept / (1 - kept).clamp_min(1e-8)
    return snr.clamp_max(gamma) / (snr + 1)


class Schedule:
    """Adds noise, states the v target, and samples."""

    def __init__(self, config, device):
        self.config = config
        self.kept = alphas_cumprod(config["rescale_betas_zero_snr"], config["beta_start"], config["beta_end"])
        self.kept = self.kept.to(device)
        self.trailing = config["timestep_spacing"] == "trailing"

    def roots(self, t):
        """sqrt of signal and noise variances at timesteps [B], as [B, 1, 1, 1]."""
        kept = self.kept[t][:, None, None, None]
        return kept.sqrt(), (1 - kept).sqrt()

    def noisy(self, z, noise, t):
        """The noisy latent and the v that the network should predict there."""
        signal, sigma = self.roots(t)
        return signal * z + sigma * noise, signal * noise - sigma * z

    def clean(self, noisy, v, t):
        """The clean latent that a v prediction implies."""
        signal, sigma = self.roots(t)
        return signal * noisy - sigma * v

    def timesteps(self, steps):
        """Descending timesteps: "leading" with the offset of 1, or "trailing" that begins at the last."""
        if self.trailing:
            return [round(STEPS - i * STEPS / steps) - 1 for i in range(steps)]
        return [STEPS // steps * i + self.config["steps_offset"] for i in reversed(range(steps))]

    @torch.no_grad()
    def sample(self, predict, noise, steps):
        """DDIM without added noise; predict(x, t) is the guided v."""
        x = noise
        for t in self.timesteps(steps):
            v = predict(x, t)
            kept = self.kept[t]
            before = t - STEPS // steps
            last = self.kept.new_tensor(1.0) if self.config["set_alpha_to_one"] else self.kept[0]
            kept_before = self.kept[before] if before >= 0 else last
            clean = kept.sqrt() * x - (1 - kept).sqrt() * v
            direction = kept.sqrt() * v + (1 - kept).sqrt() * x
            x = kept_before.sqrt() * clean + (1 - kept_before).sqrt() * direction
        return x


def guided(unet, context, empty, local, scale):
    """predict(x, t) with classifier-free guidance between the empty and the given text; scale 1 needs one pass."""
    def predict(x, t):
        if scale == 1:
            return unet(x, torch.full((len(x),), t, device=x.device), context, local)
        both = unet(torch.cat([x, x]), torch.full((2 * len(x),), t, device=x.device),
                    torch.cat([empty, context]), torch.cat([local, local]))
        without, given = both.chunk(2)
        return without + scale * (given - without)

    return predict
