"""Evaluate the whole pipeline on labelled files. Files without a score are counted with their reason."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .. import metrics, stability, videos
from ..errors import DetectionError
from ..finding import Code, Outcome
from ..images import Picture, Pixels
from ..inspection import inspect
from ..limits import Clock, Limits
from ..media import Kind, probe
from ..panel import Panel
from . import stored_findings
from .datasets import LabelledFile

REFUSED = "refused"
FEW = 5  # fewest fakes for a claim
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Row:
    """The result for one file, and its trivial properties for the baselines."""

    name: str
    fake: bool
    manipulation: str
    group: str
    outcome: str
    score: float | None
    reasons: str
    milliseconds: float
    bytes: int
    brightness: float | None
    sharpness: float | None
    panel: str
    findings: str = ""  # of each bundle, see stored_findings; empty for a refused file

    @property
    def judged(self) -> bool:
        return self.score is not None


class ScoresMismatch(ValueError):
    """Stored scores belong to other files or to another panel. They are neither mixed nor overwritten."""


def read_finished(out: Path | None, files: Iterable[LabelledFile], panel: Panel) -> list[Row]:
    """The rows that an earlier run has written, with this panel or another one."""
    if out is None or not out.is_file():
        return []
    rows, by_name = read(out), {item.name: item for item in files}
    if any(row.panel != panel.id and row.judged and not row.findings for row in rows):
        raise ScoresMismatch(f"{out.name} has the scores of another panel. Name another file for those of this one.")
    for row in rows:
        item = by_name.get(row.name)
        if item is None or (row.fake, row.bytes) != (item.fake, _size(item)):
            raise ScoresMismatch(f"{out.name} has scores of other files, as {row.name}. Name another file for these.")
    return rows


def run(
    chosen: Iterable[LabelledFile],
    panel: Panel,
    limits: Limits,
    *,
    rows: list[Row],
    out: Path | None,
    progress: Progress,
    every_bundle: bool = False,
) -> list[Row]:
    """Judge every file. A file in `rows` is only judged by bundles that have not judged it yet.

    With `out`, the run can be interrupted and resumed. `every_bundle`: run also bundles that this panel does not hear.
    """
    running = replace(panel, fusion={}) if every_bundle else panel
    done = {row.name: row for row in rows}
    chosen = list(chosen)
    left = [item for item in chosen if item.name not in done or _lacking(done[item.name], running)]
    if out is not None:
        write(out, rows)
    for number, item in enumerate(left):
        done[item.name] = _evaluate_file(item, running, limits, done.get(item.name))
        if out is not None:
            write(out, [done[item.name]], more=True)
        progress(number + 1, len(left))
    if out is not None:
        write(out, list(done.values()))  # one row for each file
    judged = [judged_by(panel, done[item.name]) for item in chosen]
    if every_bundle:  # their scores are wanted, and no outcome
        return judged
    for row, item in zip(judged, chosen, strict=True):
        done[item.name] = _checked(row, item, panel, limits)
    if out is not None:
        write(out, list(done.values()))
    return [done[item.name] for item in chosen]


def _checked(row: Row, item: LabelledFile, panel: Panel, limits: Limits) -> Row:
    """The outcome as people see it: inconclusive where harmless changes to the file would turn it."""
    if not row.findings:
        return row
    findings = stored_findings.parse(row.findings)
    if panel.id not in findings.unstable:
        cuts = findings.judged_by(panel)[0].cuts
        if cuts is None or not stability.could_turn(
            Outcome(row.outcome), row.score, (cuts.little_below, cuts.manipulated_above)
        ):
            return row
        finding = inspect(item.path, bundles=panel, limits=limits, heatmap=False, check_stability=True)
        unstable = any(reason.code is Code.UNSTABLE for reason in finding.reasons)
        findings = replace(findings, unstable={**findings.unstable, panel.id: unstable})
        row = replace(row, findings=findings.to_json())
    if not findings.unstable[panel.id] or Code.UNSTABLE in row.reasons.split():
        return row
    return replace(row, outcome=Outcome.INCONCLUSIVE.value, reasons=f"{row.reasons} {Code.UNSTABLE}".strip())


def judged_by(panel: Panel, row: Row) -> Row:
    """The row with the outcome of this panel, from the stored findings of its bundles."""
    if not row.findings or row.panel == panel.id:
        return row
    findings = stored_findings.parse(row.findings)
    if findings.lacking(panel):
        raise ScoresMismatch(
            f"Not every bundle of the panel has judged {row.name}. Evaluate the files with this panel."
        )
    judgement, taken = findings.judged_by(panel)
    reasons = " ".join([*(reason.code for reason in judgement.reasons), *findings.other_reasons])
    return replace(
        row, outcome=judgement.outcome.value, score=judgement.score, reasons=reasons, milliseconds=round(taken, 1),
        panel=panel.id,
    )  # fmt: skip


def _lacking(row: Row, panel: Panel) -> list[Any]:
    return stored_findings.parse(row.findings).lacking(panel) if row.findings else []


def _size(item: LabelledFile) -> int:
    return item.path.stat().st_size if item.path.is_file() else 0


def _evaluate_file(item: LabelledFile, panel: Panel, limits: Limits, earlier: Row | None) -> Row:
    """The result by all bundles of the panel; for a `known` row only the missing ones run."""
    running = replace(panel, members=tuple(_lacking(earlier, panel)), fusion={}) if earlier else panel
    brightness, sharpness = (earlier.brightness, earlier.sharpness) if earlier else _trivial(item.path, limits)
    findings = ""
    try:
        finding = inspect(item.path, bundles=running, limits=limits, heatmap=False)
        outcome, score = finding.outcome.value, finding.score
        reasons, taken = " ".join(reason.code for reason in finding.reasons), finding.milliseconds
        if finding.frames:
            stored = stored_findings.store(finding, running)
            findings = (stored_findings.parse(earlier.findings).merged(stored) if earlier else stored).to_json()
    except DetectionError as error:
        outcome, score, reasons, taken = REFUSED, None, error.code, 0.0
    row = Row(
        item.name, item.fake, item.manipulation, item.group, outcome, score, reasons, round(taken, 1), _size(item),
        brightness, sharpness, running.id, findings,
    )  # fmt: skip
    return judged_by(panel, row)


def _trivial(path: Path, limits: Limits) -> tuple[float | None, float | None]:
    try:
        media = probe(path, limits)
        pixels: Pixels
        if media.kind is Kind.IMAGE:
            pixels = Picture(media, limits).small()
        else:
            pixels = next(videos.sample(media, limits, Clock(limits.wall_seconds), places=1)).pixels
    except (DetectionError, StopIteration):
        return None, None
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return round(float(grey.mean()), 3), round(float(cv2.Laplacian(grey, cv2.CV_32F).var()), 3)


def write(path: Path, rows: list[Row], *, more: bool = False) -> None:
    names = [field.name for field in fields(Row)]
    with path.open("a" if more else "w", newline="") as file:
        writer = csv.DictWriter(file, names)
        if not more:
            writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read(path: Path) -> list[Row]:
    try:
        return _read(path)
    except (ValueError, csv.Error) as error:
        raise ScoresMismatch(f"{path.name} is not a file of scores: {error}") from error


def _read(path: Path) -> list[Row]:
    def number(text: str) -> float | None:
        return float(text) if text else None

    with path.open(newline="") as file:
        lines = csv.DictReader(file)
        if lacking := {field.name for field in fields(Row)} - set(lines.fieldnames or ()):
            raise ValueError(f"it lacks {', '.join(sorted(lacking))}.")
        return [
            Row(
                row["name"], row["fake"] == "True", row["manipulation"], row["group"], row["outcome"],
                number(row["score"]), row["reasons"], float(row["milliseconds"]), int(row["bytes"]),
                number(row["brightness"]), number(row["sharpness"]), row["panel"], row["findings"],
            )
            for row in lines
            if None not in row.values()  # the last line of an interrupted run
        ]  # fmt: skip


def summary(rows: list[Row]) -> dict[str, Any]:
    """All measures. They are of the files with a score; `coverage` is the share of those.

    Accuracy is of the decided files. The share of inconclusive ones is beside it.
    """
    judged = [row for row in rows if row.judged]
    reals, fakes = [row for row in rows if not row.fake], [row for row in rows if row.fake]
    scores, fake = arrays(judged)
    groups = [row.group for row in judged]
    alarms = sum(row.outcome == Outcome.LIKELY_MANIPULATED for row in reals)
    real = int((~fake).sum())  # with a score
    decided = [row for row in judged if row.outcome in (Outcome.LIKELY_MANIPULATED, Outcome.LITTLE_EVIDENCE)]
    right = sum((row.outcome == Outcome.LIKELY_MANIPULATED) == row.fake for row in decided)
    return {
        "n_real": len(reals),
        "n_fake": len(fakes),
        "groups": len({row.group for row in rows}),
        "coverage": rounded(len(judged) / len(rows)) if rows else None,
        "not_judged": dict(Counter(f"{row.outcome}: {row.reasons}" for row in rows if not row.judged)),
        "outcomes": {
            "real": dict(Counter(row.outcome for row in reals)),
            "fake": dict(Counter(row.outcome for row in fakes)),
        },
        "auc": rounded(metrics.auc(scores, fake)),
        "auc_ci": both_rounded(metrics.auc_interval(scores, fake, groups)) if _two(fake) else None,
        "eer": rounded(metrics.equal_error_rate(scores, fake)),
        "tpr_at_fpr_01": rounded(metrics.true_positives_at(scores, fake, 0.01)),
        "tpr_at_fpr_05": rounded(metrics.true_positives_at(scores, fake, 0.05)),
        "accuracy": rounded(right / len(decided)) if decided else None,
        "inconclusive": rounded(1 - len(decided) / len(judged)) if judged else None,
        "false_alarms": rounded(alarms / real) if real else None,
        "false_alarms_ci": both_rounded(metrics.share_interval(alarms, real)) if real else None,
        "ece": rounded(metrics.calibration_error(scores, fake)),
        "ece_ci": both_rounded(metrics.calibration_interval(scores, fake, groups)) if judged else None,
        "per_manipulation": _per_manipulation(judged),
        "baselines": _baselines(rows),
        "milliseconds_median": rounded(float(np.median([row.milliseconds for row in judged]))) if judged else None,
    }


def _per_manipulation(judged: list[Row]) -> dict[str, Any]:
    """Each kind of fake against all real ones."""
    reals, figures = [row for row in judged if not row.fake], {}
    for kind in sorted({row.manipulation for row in judged if row.fake}):
        compared = reals + [row for row in judged if row.fake and row.manipulation == kind]
        scores, fake = arrays(compared)
        low, high = (
            metrics.auc_interval(scores, fake, [row.group for row in compared]) if reals else (float("nan"),) * 2
        )
        figures[kind or "all"] = {
            "n": int(fake.sum()),
            "auc": rounded(metrics.auc(scores, fake)),
            "auc_ci": both_rounded((low, high)),
            "seen": bool(low > 0.5 and fake.sum() >= FEW),
        }
    return figures


def _baselines(rows: list[Row]) -> dict[str, float | None]:
    """AUC of trivial properties. If they are far from 0.5, the other measures mean less."""
    figures = {}
    for name in ("bytes", "brightness", "sharpness"):
        measured = [row for row in rows if getattr(row, name) is not None]
        values = np.array([float(getattr(row, name)) for row in measured])
        figures[name] = rounded(metrics.auc(values, [row.fake for row in measured]))
    return figures


def arrays(rows: list[Row]) -> tuple[Any, Any]:
    return np.array([row.score for row in rows], float), np.array([row.fake for row in rows], bool)


def _two(fake: Any) -> bool:
    return bool(len(fake) and fake.any() and not fake.all())


def rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 4)


def both_rounded(interval: tuple[float, float]) -> list[float | None]:
    return [rounded(value) for value in interval]
