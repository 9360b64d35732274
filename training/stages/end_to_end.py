"""The denoiser once more, through the decoder: what one step decodes is compared with the picture itself."""
import torch

from ..trainer import autocast, crop_side
from .denoiser import STRIDE, DenoiserStage
from .picture_loss import picture_loss, picture_measures


class EndToEndStage(DenoiserStage):
    """The denoiser's loss on latents, and the decoded pictures' loss on the share of each batch done in one step.

    Gradients pass the quantiser straight through, so that the codes learn to say what the picture needs. The encoder
    stays as it is: the latents are packed. A share `clean` of the batch is decoded from its true latents, so that a
    decoder that is trained too does not forget them.
    """

    name = "end_to_end"

    def __init__(self, model, pictures, latents, perceptual, options, device):
        super().__init__(model, pictures, latents, options, device)
        self.perceptual, self.vae = perceptual, model.vae
        self.modules["vae"] = model.vae
        model.vae.requires_grad_(False)
        for part in (model.vae.decoder, model.vae.post_quant_conv):
            part.requires_grad_(options.train == "all")

    def _pictures(self, indices, y, x, side, rows):
        """The crops of the pictures whose latents' crops begin at row y and column x."""
        y, x = STRIDE * y, STRIDE * x
        return self.pictures.batch(indices[:rows])[..., y:y + STRIDE * side, x:x + STRIDE * side].to(self.device)

    def step(self, rng, progress):
        """One batch -> (loss, numbers for the curve)."""
        options = self.options
        indices = rng.choice(self.latents.train, options.batch)
        side = crop_side(options.crops, progress) // STRIDE
        place = self._place(side, rng)
        z = self.latents.batch(indices, self.device, *place, side)
        t = self._timesteps(len(z))
        error, clean, used, commitment = self._predict(z, self._texts(indices, rng), t)
        loss = options.latent * self._weigh(error, t) + options.commitment * commitment
        rows = round(options.one_step * len(z))
        shown = torch.cat([clean[:rows], z[rows:rows + round(options.clean * len(z))]])
        decoded = self.vae.decode(shown / self.vae.scale)
        x = self._pictures(indices, *place, side, len(shown))
        decoded_loss, numbers = picture_loss(decoded, x, options, self.perceptual, progress)
        numbers.update({"v-error": error.mean().item(), "commitment": commitment.item(),
                        "codes": float(len(used.unique()))})
        return loss + decoded_loss, numbers

    def validate(self):
        """The denoiser's, and PSNR and perceptual distance of pictures by one step and from clean latents."""
        numbers, sums, held = super().validate(), {}, self.latents.held
        state = torch.get_rng_state()
        torch.manual_seed(0)
        for k in range(0, len(held), 8):
            indices = held[k:k + 8]
            z = self.latents.batch(indices, self.device)
            t = torch.full((len(z),), self.last, device=self.device)
            with autocast(self.device):
                clean = self._predict(z, self._first_texts(indices), t)[1]
                decoded = {kind: self.vae.decode(latent / self.vae.scale)
                           for kind, latent in (("", clean), ("autoencoder ", z))}
            x = self.pictures.batch(indices).to(self.device)
            for kind, y in decoded.items():
                for name, value in picture_measures(kind, y, x, self.perceptual).items():
                    sums[name] = sums.get(name, 0.0) + value
        torch.set_rng_state(state)
        return {**numbers, **{name: value / len(held) for name, value in sums.items()}}
