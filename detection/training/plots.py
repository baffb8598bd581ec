"""SVG plots of a training's log and of a calibration."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

WIDE, HIGH, LEFT, BELOW = 640, 300, 46, 34
INKS = ("#2b6cb0", "#c05621", "#2f855a", "#6b46c1", "#b83280", "#4a5568", "#975a16", "#285e61")


def progress(log: Path, drawing: Path) -> None:
    """Plot every column of a log except the loss, over the first column, from 0 to 1."""
    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return
    first, *names = [name for name in rows[0] if name != "loss"]
    steps = [float(row[first]) for row in rows]
    reach = max(steps) or 1.0
    lines = [
        (name, [(step / reach, float(row[name])) for step, row in zip(steps, rows, strict=True)]) for name in names
    ]
    drawing.write_text(_drawn(lines, f"{first} (the last: {reach:.0f})"))


def reliability(scores: Any, fake: Any, drawing: Path, bins: int = 10) -> None:
    """Plot the share of fakes over the scores. A perfect calibration lies on the diagonal."""
    scores, fake = np.asarray(scores, np.float64), np.asarray(fake, bool)
    place = np.minimum((scores * bins).astype(int), bins - 1)
    points = [(scores[place == bin].mean(), fake[place == bin].mean()) for bin in range(bins) if (place == bin).any()]
    lines = [("honest", [(0.0, 0.0), (1.0, 1.0)]), ("measured", [(float(x), float(y)) for x, y in points])]
    drawing.write_text(_drawn(lines, "score"))


def _drawn(lines: Sequence[tuple[str, Sequence[tuple[float, float]]]], below: str) -> str:
    inner, tall = WIDE - LEFT - 150, HIGH - BELOW - 10

    def at(x: float, y: float) -> tuple[float, float]:
        return round(LEFT + x * inner, 1), round(10 + (1 - min(max(y, 0.0), 1.0)) * tall, 1)

    parts = []
    for level in (0, 0.25, 0.5, 0.75, 1):
        (x, y), (end, _) = at(0, level), at(1, level)
        parts.append(
            f'<path d="M{x} {y}H{end}" stroke="#cbd5e0"/><text x="{x - 6}" y="{y + 4}" class="end">{level}</text>'
        )
    for number, (name, points) in enumerate(lines):
        ink = INKS[number % len(INKS)]
        where = " ".join(f"{x},{y}" for x, y in (at(*point) for point in points))
        parts.append(f'<polyline points="{where}" fill="none" stroke="{ink}" stroke-width="1.8"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="2.4" fill="{ink}"/>' for x, y in (at(*point) for point in points)]
        parts.append(f'<text x="{WIDE - 140}" y="{22 + 16 * number}" fill="{ink}">{name}</text>')
    parts.append(f'<text x="{LEFT + inner / 2}" y="{HIGH - 8}" class="middle">{below}</text>')
    style = "text{font:12px sans-serif;fill:#4a5568}.end{text-anchor:end}.middle{text-anchor:middle}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}"><style>{style}</style>'
        f'<rect width="{WIDE}" height="{HIGH}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )
