"""Third stage: the captioner, on pictures with their captions."""
import numpy as np
import torch
from torch.nn import functional as F

from ..model import DEVIATION, MAX_CAPTION, MEAN

_SIDE = 224
_IGNORED = -100


class CaptionerStage:
    """Next-token cross-entropy with random crops, mirroring and brightness."""

    name = "captioner"

    def __init__(self, model, pictures, options, device):
        self.model, self.pictures, self.options, self.device = model, pictures, options, device
        self.modules = {"captioner": model.captioner}
        words = model.caption_words
        self.words = words
        self.sequences = [[words.encode(text)[:MAX_CAPTION - 1] + [words.eos] for text in texts]
                          for texts in pictures.captions]
        self.mean, self.deviation = MEAN.to(device), DEVIATION.to(device)

    def extra(self):
        return {}

    def load_extra(self, state):
        pass

    def _pixels(self, x):
        x = F.interpolate(x, (_SIDE, _SIDE), mode="bilinear", align_corners=False, antialias=True)
        return ((x + 1) / 2 - self.mean) / self.deviation

    def _loss(self, pixels, sequences, smoothing):
        length = max(map(len, sequences))
        tokens = torch.full((len(sequences), length), self.words.pad, dtype=torch.long)
        targets = torch.full((len(sequences), length), _IGNORED, dtype=torch.long)
        for row, sequence in enumerate(sequences):
            tokens[row, :len(sequence)] = targets[row, :len(sequence)] = torch.tensor(sequence)
        logits = self.modules["captioner"](pixels, tokens.to(self.device))[:, :-1]
        return F.cross_entropy(logits.float().flatten(0, 1), targets[:, 1:].flatten().to(self.device),
                               label_smoothing=smoothing)

    def step(self, rng, progress):
        """One batch -> (loss, numbers for the curve)."""
        side = int(rng.integers(round(0.8 * self.pictures.size), self.pictures.size + 1))
        x, indices = self.pictures.crops(self.options.batch, side, rng, captioned=True)
        brightness = torch.from_numpy(rng.uniform(0.85, 1.15, (len(x), 1, 1, 1)).astype(np.float32))
        x = ((x + 1) * brightness - 1).clamp(-1, 1).to(self.device)
        sequences = [self.sequences[i][rng.integers(len(self.sequences[i]))] for i in indices]
        loss = self._loss(self._pixels(x), sequences, self.options.label_smoothing)
        return loss, {"loss": loss.item()}

    def validate(self):
        """Loss without smoothing on the first caption of held-back pictures."""
        held = [i for i in sorted(self.pictures.validation) if self.sequences[i]]
        losses = []
        for k in range(0, len(held), 16):
            x = self._pixels(self.pictures.batch(np.array(held[k:k + 16])).to(self.device))
            losses.append(self._loss(x, [self.sequences[i][0] for i in held[k:k + 16]], 0.0).item())
        return {"loss": float(np.mean(losses))} if losses else {}
