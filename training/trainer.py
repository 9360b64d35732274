"""The loop that every stage shares: schedule, mixed precision, moving average, checkpoints, curve, progress."""
import contextlib
import csv
import math
import os
import signal
import time

import numpy as np
import torch


class Interrupted(Exception):
    """Raised after the checkpoint is written when the training was asked to stop."""


def precision(device):
    """What autocast computes in: fp32 on a CPU, most of which are many times slower in bfloat16."""
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def autocast(device):
    chosen = precision(device)
    if chosen == torch.float32:
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=chosen)


class Trainer:
    """Trains a stage: an object with `name`, `modules` (name -> module), `step(x)` and `validate()`.

    Randomness of step n depends on (seed, n) only, so a resumed training draws what an unbroken one would.
    """

    def __init__(self, stage, options, settings, device):
        self.stage, self.options, self.settings, self.device = stage, options, settings, device
        self.folder = os.path.join(settings.work, stage.name)
        os.makedirs(self.folder, exist_ok=True)
        self.checkpoint = os.path.join(self.folder, "checkpoint.pt")
        self.parameters = [p for m in stage.modules.values() for p in m.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            self.parameters, lr=options.learning_rate, betas=(0.9, 0.99), weight_decay=options.weight_decay)
        self.average = {n: {k: v.detach().clone() for k, v in m.state_dict().items()}
                        for n, m in stage.modules.items()}
        self.done, self.seconds, self.stopping = 0, 0.0, False
        self.precision = precision(device)
        self.scaler = torch.cuda.amp.GradScaler(enabled=self.precision == torch.float16)

    def progress(self):
        """Share of the training that is over, in steps or in minutes, whichever ends first."""
        share = self.done / self.options.steps
        return max(share, self.seconds / (60 * self.options.minutes)) if self.options.minutes else share

    def _clock(self):
        """Seconds: on a CPU those that the threads computed, so that a busy machine does not end a stage early."""
        if self.device.type == "cuda":
            return time.monotonic()
        return time.process_time() / torch.get_num_threads()

    def learning_rate(self, warm=0.03):
        """Linear warm-up, then a cosine down to 2 % of the peak."""
        progress = min(1.0, self.progress())
        if progress < warm:
            return self.options.learning_rate * max(progress, 1 / self.options.steps) / warm
        return self.options.learning_rate * (0.51 + 0.49 * math.cos(math.pi * (progress - warm) / (1 - warm)))

    def load(self):
        """Continues from the checkpoint where there is one."""
        if not os.path.exists(self.checkpoint):
            return
        state = torch.load(self.checkpoint, map_location=self.device)
        for name, module in self.stage.modules.items():
            module.load_state_dict(state["modules"][name])
        self.average, self.done, self.seconds = state["average"], state["done"], state["seconds"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
        self.stage.load_extra(state["extra"])

    def save(self):
        """Writes the checkpoint; an interruption in between leaves the previous one."""
        state = {"modules": {n: m.state_dict() for n, m in self.stage.modules.items()},
                 "average": self.average, "done": self.done, "seconds": self.seconds,
                 "optimiser": self.optimiser.state_dict(), "scaler": self.scaler.state_dict(),
                 "extra": self.stage.extra()}
        torch.save(state, self.checkpoint + ".new")
        os.replace(self.checkpoint + ".new", self.checkpoint)

    def _follow(self):
        decay = min(self.options.ema, (1 + self.done) / (10 + self.done))
        with torch.no_grad():
            for name, module in self.stage.modules.items():
                average = self.average[name]
                for key, value in module.state_dict().items():
                    if value.is_floating_point() and "codebook" not in key:
                        average[key].lerp_(value.float(), 1 - decay)
                    else:
                        average[key].copy_(value)

    def _validate(self):
        """Runs the stage's validation with the averaged weights; returns its numbers."""
        current = {n: {k: v.clone() for k, v in m.state_dict().items()} for n, m in self.stage.modules.items()}
        self.apply_average()
        with torch.no_grad():
            numbers = self.stage.validate()
        for name, module in self.stage.modules.items():
            module.load_state_dict(current[name])
            module.train()
        return numbers

    def apply_average(self):
        """The modules take the averaged weights, in evaluation mode."""
        for name, module in self.stage.modules.items():
            module.load_state_dict(self.average[name])
            module.eval()

    def _write_curve(self, numbers):
        path = os.path.join(self.folder, "curve.csv")
        fresh = not os.path.exists(path)
        with open(path, "a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            for name, value in numbers.items():
                if fresh:
                    writer.writerow(["step", "seconds", "name", "value"])
                    fresh = False
                writer.writerow([self.done, round(self.seconds, 1), name, f"{value:.6g}"])

    def _say(self, numbers, kind):
        line = " ".join(f"{k} {v:.4g}" for k, v in numbers.items())
        left = self.seconds / max(self.progress(), 1e-9) - self.seconds
        print(f"{self.stage.name} {kind} step {self.done} ({100 * min(1, self.progress()):.1f} %, "
              f"{left:.0f} s left) {line}", flush=True)
        self._write_curve({f"{kind} {k}": v for k, v in numbers.items()})

    def run(self):
        """Trains to the end (or raises Interrupted on SIGINT or SIGTERM) and leaves the averaged weights in place."""
        self.load()
        if self.progress() >= 1:
            self.apply_average()
            return
        handlers = {s: signal.signal(s, self._stop) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._loop()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        self.apply_average()

    def _stop(self, *_):
        self.stopping = True

    def _loop(self):
        for module in self.stage.modules.values():
            module.train()
        if self.done == 0:
            self._say(self._validate(), "held-back")
        sums, counted, saved = {}, 0, time.monotonic()
        while self.progress() < 1:
            start = self._clock()
            for name, value in self._step().items():
                sums[name] = sums.get(name, 0.0) + value
            self.seconds += self._clock() - start
            counted += 1
            if self.done % self.settings.report_steps == 0:
                self._say({k: v / counted for k, v in sums.items()}, "train")
                sums, counted = {}, 0
            if self.done % self.settings.validate_steps == 0:
                self._say(self._validate(), "held-back")
            if self.stopping or time.monotonic() - saved > 60 * self.settings.save_minutes:
                self.save()
                saved = time.monotonic()
            if self.stopping:
                raise Interrupted(f"{self.stage.name}: stopped at step {self.done}; the same command continues")
        self.save()
        if self.done % self.settings.validate_steps:
            self._say(self._validate(), "held-back")

    def _step(self):
        seed = self.settings.seed * 1_000_003 + self.done
        torch.manual_seed(seed)
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate()
        with autocast(self.device):
            loss, numbers = self.stage.step(np.random.default_rng(seed), self.progress())
        if not math.isfinite(loss.item()):
            raise ValueError(f"{self.stage.name}: the loss is not finite at step {self.done}")
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimiser)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.done += 1
        self._follow()
        return numbers


def crop_side(crops, progress):
    """The side that the curriculum [[from share, side], ...] gives at this progress."""
    return [side for share, side in crops if progress >= share][-1]
