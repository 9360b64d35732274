"""Third stage: the captioner, on pictures with their captions."""
import numpy as np
import torch
from torch.nn import functional as F

from ..evaluate import nouns
from ..model import DEVIATION, MAX_CAPTION, MEAN
from .teacher import FeatureHead

_SIDE = 224
_IGNORED = -100


def agreement(texts):
    """For each caption of a picture: how many others name its main noun."""
    return np.array([nouns.agreeing(text, texts[:k] + texts[k + 1:]) for k, text in enumerate(texts)], float)


class CaptionerStage:
    """Next-token cross-entropy with random crops, mirroring and brightness.

    With `distill`, the vision transformer also learns a teacher's feature maps, and nothing else, from all pictures,
    for the first `distill_only` of the training. With `consensus`, captions are drawn by that power of how many of the
    picture's others name their subject.
    """

    name = "captioner"

    def __init__(self, model, pictures, teacher, options, device):
        self.model, self.pictures, self.options, self.device = model, pictures, options, device
        self.modules = {"captioner": model.captioner}
        self.teacher = teacher
        if teacher is not None:
            width = model.captioner.config["vision_config"]["hidden_size"]
            self.modules["teacher_head"] = FeatureHead(width).to(device)
        words = model.caption_words
        self.words = words
        self.sequences = [[words.encode(text)[:MAX_CAPTION - 1] + [words.eos] for text in texts]
                          for texts in pictures.captions]
        self.mean, self.deviation = MEAN.to(device), DEVIATION.to(device)
        self.odds = [None] * len(self.sequences)
        if options.consensus:
            powers = [(0.25 + agreement(texts)) ** options.consensus for texts in pictures.captions]
            self.odds = [power / power.sum() if len(power) else None for power in powers]
        model.captioner.vision_model.patches = options.patches

    def extra(self):
        return {}

    def load_extra(self, state):
        pass

    def _pixels(self, x):
        x = F.interpolate(x, (_SIDE, _SIDE), mode="bilinear", align_corners=False, antialias=True)
        return ((x + 1) / 2 - self.mean) / self.deviation

    def _loss(self, prefix, sequences, smoothing):
        length = max(map(len, sequences))
        tokens = torch.full((len(sequences), length), self.words.pad, dtype=torch.long)
        targets = torch.full((len(sequences), length), _IGNORED, dtype=torch.long)
        for row, sequence in enumerate(sequences):
            tokens[row, :len(sequence)] = targets[row, :len(sequence)] = torch.tensor(sequence)
        logits = self.modules["captioner"].read(prefix, tokens.to(self.device))[:, :-1]
        return F.cross_entropy(logits.float().flatten(0, 1), targets[:, 1:].flatten().to(self.device),
                               label_smoothing=smoothing)

    def step(self, rng, progress):
        """One batch -> (loss, numbers for the curve)."""
        options, captioner = self.options, self.modules["captioner"]
        captioned = self.teacher is None or progress >= options.distill_only
        side = int(rng.integers(round(0.8 * self.pictures.size), self.pictures.size + 1))
        x, indices, boxes = self.pictures.crops(options.batch, side, rng, captioned)
        brightness = torch.from_numpy(rng.uniform(0.85, 1.15, (len(x), 1, 1, 1)).astype(np.float32))
        x = ((x + 1) * brightness - 1).clamp(-1, 1).to(self.device)
        seen = captioner.vision_model(self._pixels(x))
        loss, numbers = 0.0, {}
        if captioned:
            sequences = [self.sequences[i][rng.choice(len(self.sequences[i]), p=self.odds[i])] for i in indices]
            loss = self._loss(captioner.ask(seen), sequences, options.label_smoothing)
            numbers["loss"] = loss.item()
        if self.teacher is not None:
            vision = captioner.vision_model
            maps = self.teacher.crops(indices, boxes, _SIDE // vision.embeddings.patch_embedding.stride[0])
            distance = self.modules["teacher_head"](seen, maps, vision.kept)
            loss = loss + options.distill * distance
            numbers["teacher"] = distance.item()
        return loss, numbers

    def validate(self):
        """Loss without smoothing on the first caption of held-back pictures, and the share of right main nouns."""
        held = [i for i in self.pictures.held if self.sequences[i]][:self.options.validation]
        losses, right = [], 0
        for k in range(0, len(held), 16):
            indices = held[k:k + 16]
            pixels = self._pixels(self.pictures.batch(indices).to(self.device))
            prefix = self.modules["captioner"].prefix(pixels)
            losses.append(self._loss(prefix, [self.sequences[i][0] for i in indices], 0.0).item())
            tokens = self.modules["captioner"].generate(pixels, self.words.bos, self.words.eos, MAX_CAPTION)
            right += sum(nouns.agreeing(self.words.decode(row.tolist()), self.pictures.captions[i]) > 0
                         for row, i in zip(tokens, indices))
        return {"loss": float(np.mean(losses)), "main noun": right / len(held)} if losses else {}
