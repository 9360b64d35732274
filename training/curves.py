"""The stages' curves for the model's card: one table of all numbers and one drawing of what each stage learns."""
import csv
import os

# stage -> the number that its panel shows
_SHOWN = {"autoencoder": "psnr", "denoiser": "v-error", "end_to_end": "psnr", "decoder": "psnr", "captioner": "loss"}
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 240, 200, 48, 28, 172


def _panel(stage, points, left):
    """SVG of (minutes, value) points; the labels are the ends of both axes."""
    xs, ys = zip(*points)
    low, high = min(ys), max(ys)
    wide, tall = _WIDTH - _LEFT - 16, _BOTTOM - _TOP

    def place(x, y):
        return (f"{left + _LEFT + wide * x / max(xs[-1], 1e-9):.1f},"
                f"{_BOTTOM - tall * (y - low) / max(high - low, 1e-9):.1f}")

    line = " ".join(place(x, y) for x, y in points)
    x0, x1 = left + _LEFT, left + _LEFT + wide
    return (f'<rect x="{x0}" y="{_TOP}" width="{wide}" height="{tall}" fill="none" stroke="#ddd"/>'
            f'<text x="{x0}" y="{_TOP - 10}">{stage}: {_SHOWN[stage]} of training</text>'
            f'<text x="{x0 - 6}" y="{_TOP + 4}" text-anchor="end">{high:.4g}</text>'
            f'<text x="{x0 - 6}" y="{_BOTTOM + 4}" text-anchor="end">{low:.4g}</text>'
            f'<text x="{x0}" y="{_BOTTOM + 16}">0</text>'
            f'<text x="{x1}" y="{_BOTTOM + 16}" text-anchor="end">{xs[-1]:.1f} min</text>'
            f'<polyline points="{line}" fill="none" stroke="#06c" stroke-width="1.5"/>')


def write(work, folder):
    """WORK/STAGE/curve.csv of each stage -> curve.csv and curve.svg in the folder; nothing where none was trained."""
    rows, panels = [], []
    for stage, shown in _SHOWN.items():
        path = os.path.join(work, stage, "curve.csv")
        if not os.path.exists(path):
            continue
        with open(path, newline="", encoding="utf-8") as file:
            own = list(csv.DictReader(file))
        rows += [{"stage": stage, **row} for row in own]
        points = [(float(row["seconds"]) / 60, float(row["value"])) for row in own if row["name"] == "train " + shown]
        if len(points) > 1:
            panels.append(_panel(stage, points, len(panels) * _WIDTH))
    if not rows:
        return
    with open(os.path.join(folder, "curve.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["stage", "step", "seconds", "name", "value"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    size = f'width="{max(1, len(panels)) * _WIDTH}" height="{_HEIGHT}"'
    with open(os.path.join(folder, "curve.svg"), "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
                   f'<rect {size} fill="white"/>{"".join(panels)}</svg>\n')
