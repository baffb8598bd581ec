"""The command line behind `manage.py inspect` and `python -m detection`."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from .errors import DetectionError
from .finding import Code, Finding, Outcome, Reason
from .inspection import inspect
from .limits import Limits
from .panel import Panel, read_panel

ANALYSED, REFUSED = 0, 2
WORDS = {
    Outcome.LIKELY_MANIPULATED: "likely manipulated",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.LITTLE_EVIDENCE: "little evidence of manipulation",
    Outcome.NOT_APPLICABLE: "not applicable",
    Outcome.UNABLE_TO_EVALUATE: "could not be analysed",
}

BECAUSE = {
    Code.NO_FACE: "no face was found",
    Code.FACE_TOO_SMALL: "a face has too few pixels",
    Code.FACE_BLURRED: "a face is blurred",
    Code.FACE_TOO_DARK: "a face is too dark",
    Code.FACE_TOO_BRIGHT: "a face is too bright",
    Code.FACE_IN_PROFILE: "a face is seen from the side",
    Code.FACE_CUT_OFF: "a face is cut off by the edge",
    Code.FACE_UNCERTAIN: "it may not be a face",
    Code.TOO_FEW_FRAMES: "there are too few frames for a network over time",
    Code.FRAMES_UNREADABLE: "no frame could be read",
    Code.NO_BUNDLE: "no model bundle is installed",
    Code.BUNDLE_FAILED: "a bundle could not be used",
    Code.BUNDLES_DISAGREE: "the bundles disagree",
    Code.UNCALIBRATED: "the bundle is not calibrated: its number is no probability",
    Code.OUT_OF_DISTRIBUTION: "the face is unlike the faces that the bundle was trained on",
    Code.SCORE_HIGH: "the score is above the upper cut-off",
    Code.SCORE_BETWEEN: "the score is between the cut-offs",
    Code.SCORE_LOW: "the score is below the lower cut-off",
    Code.CREDENTIALS_SAY_GENERATED: "its Content Credentials say that a generative tool was used",
    Code.CREDENTIALS_INVALID: "its Content Credentials don't fit the file",
    Code.UNSTABLE: "harmless changes move the score a lot",
}


def add_arguments(parser: argparse.ArgumentParser, bundles: Path) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="pictures, videos, or folders of them")
    parser.add_argument("--bundles", type=Path, default=bundles, help="folder of model bundles")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--heatmap", type=Path, metavar="OUT", help="where to write the heat map: a PNG, or a folder")
    parser.add_argument("--stability", action="store_true", help="also score harmless variants")
    parser.add_argument("--location", action="store_true", help="show the place that a picture names")
    parser.add_argument("--trust", type=Path, metavar="PEM", help="certificates of trusted signers of credentials")
    parser.add_argument("--seconds", type=float, default=Limits().wall_seconds, help="time limit for each file")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m detection", description="Judge pictures and videos.")
    add_arguments(parser, Path(__file__).resolve().parents[1] / "ml_models")
    return run(vars(parser.parse_args(arguments)))


def run(options: dict[str, Any]) -> int:
    """Exit code 0 if every file was analysed, 2 if any was refused."""
    panel = read_panel(options["bundles"])
    for folder, problem in panel.broken:
        print(f"warning: {folder}: {problem}", file=sys.stderr)  # noqa: T201
    files = list(_files(options["files"]))
    status = ANALYSED
    several = len(files) > 1
    with tqdm(total=len(files), unit="file", disable=options["quiet"] or None, leave=False) as bar:
        for path in files:
            try:
                finding = _inspect(path, panel, options, bar)
            except DetectionError as error:
                status = REFUSED
                refusal = {"file": str(path), "refused": error.to_dict()}
                _say(refusal if options["json"] else f"{path}: refused ({error.code}): {error}")
                continue
            _say({"file": str(path), **finding.to_dict()} if options["json"] else _in_words(path, finding))
            _write_heatmap(path, finding, options["heatmap"], several)
    return status


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        else:
            yield path


def _inspect(path: Path, panel: Panel, options: dict[str, Any], bar: Any) -> Finding:
    begun = bar.n

    def progress(share: float) -> None:
        bar.n = begun + round(share, 3)
        bar.refresh()

    finding = inspect(
        path,
        bundles=panel,
        limits=Limits(wall_seconds=options["seconds"]),
        progress=progress,
        heatmap=bool(options["heatmap"]),
        check_stability=options["stability"],
        location=options["location"],
        anchors=options["trust"].read_text() if options["trust"] else "",
    )
    bar.n = begun + 1
    return finding


def _say(output: dict[str, Any] | str) -> None:
    with tqdm.external_write_mode():
        print(output if isinstance(output, str) else json.dumps(output))  # noqa: T201


def _in_words(path: Path, finding: Finding) -> str:
    lines = [f"{path}: {WORDS[finding.outcome]}"]
    is_calibrated = finding.score is not None and not any(r.code is Code.UNCALIBRATED for r in finding.reasons)
    if is_calibrated:
        lines[0] += f" (score {finding.score:.2f})"
    lines += [f"  because {_because(reason)}" for reason in finding.reasons]
    for result in finding.bundles:
        number = "" if result.score is None else f" {result.score:.3f}"
        status = f"not heard in {finding.media['kind']}s" if result.status == "not_heard" else result.status
        lines.append(f"  {result.bundle.label} ({result.policy}): {status}{number}, {result.milliseconds:.0f} ms")
    for face in finding.faces:
        number = "not judged" if face.score is None else f"{face.score:.3f}"
        lines.append(f"  face {face.id}: {number}, frames: {len(face.sightings)}")
    for segment in finding.segments:
        lines.append(f"  suspicious from {segment.start:.1f} s to {segment.end:.1f} s: {segment.score:.3f}")
    if finding.heatmap.status != "not_run":
        lines.append(f"  heat map: {finding.heatmap.sentence}")
    if finding.stability.status != "not_run":
        lines.append(f"  stability: {finding.stability.sentence}")
    credentials = finding.provenance["credentials"]
    lines.append(f"  content credentials: {credentials['state']} {credentials['claim_generator']}".rstrip())
    lines.append(f"  took {finding.milliseconds:.0f} ms")
    return "\n".join(lines)


def _because(reason: Reason) -> str:
    details = [f"face {reason.face}" if reason.face is not None else "", reason.bundle or "", reason.detail]
    text = ", ".join(part for part in details if part)
    return BECAUSE[reason.code] + (f" ({text})" if text else "")


def _write_heatmap(path: Path, finding: Finding, out: Path | None, several: bool) -> None:
    if out is None or finding.heatmap.png is None:
        return
    if several or out.is_dir():
        out.mkdir(parents=True, exist_ok=True)
        out /= f"{path.stem}.png"
    out.write_bytes(finding.heatmap.png)
