"""Results for test keys: the name of the file decides them. No model and no person looks at the file."""

from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.db import transaction

from ..models import Assessment, Finding, Outcome, Scan, Status

PANEL = "sandbox"
WAITING, FAILED = "waiting", "failed"
CUTS = (0.35, 0.8)
FILMS = frozenset({"mp4", "mov", "webm", "mkv", "avi"})
SCORE_AND_REASON: dict[str, tuple[float | None, str]] = {
    Outcome.LIKELY_MANIPULATED: (0.97, "score_high"),
    Outcome.INCONCLUSIVE: (0.6, "score_between"),
    Outcome.LITTLE_EVIDENCE: (0.03, "score_low"),
    Outcome.NOT_APPLICABLE: (None, "no_face"),
    Outcome.UNABLE_TO_EVALUATE: (None, "bundle_failed"),
}
SCENARIOS = (*SCORE_AND_REASON, FAILED, WAITING)


def scenario_of(name: str) -> str:
    """The scenario that begins the name, as in `inconclusive.jpg` or `failed-7.mp4`; else little evidence."""
    stem = PurePath(name).stem.lower()
    return next((scenario for scenario in SCENARIOS if stem.startswith(scenario)), Outcome.LITTLE_EVIDENCE)


def play(scan: Scan) -> None:
    """Take a queued scan to the result that its name stands for. Raises WrongState if another worker has it."""
    if scenario_of(scan.name) == WAITING:
        return
    scan.move(Status.ANALYSING)
    scenario = scenario_of(scan.name)
    if scenario == FAILED:
        scan.move(
            Status.FAILED,
            refusal="undecodable",
            failure_message="A sandbox file that fails.",
            event={"code": "undecodable"},
        )
        return
    with transaction.atomic():
        suffix = PurePath(scan.name).suffix.lower().lstrip(".")
        media = {"kind": "video" if suffix in FILMS else "image", "format": suffix if suffix in FILMS else "jpeg"}
        assessment = _write(scan, Outcome(scenario), media)
        scan.move(Status.ANALYSED, event={"assessment": assessment.pk, "outcome": assessment.outcome}, **media)


def _write(scan: Scan, outcome: Outcome, media: dict[str, str]) -> Assessment:
    score, code = SCORE_AND_REASON[outcome]
    reasons = [{"code": code}]
    assessment: Assessment = Assessment.objects.create(
        scan=scan,
        outcome=outcome,
        score=score,
        reasons=reasons,
        panel={"id": PANEL, "bundles": {}},
        inspection=_inspection(score, reasons, outcome, media),
        version=settings.VERSION,
    )
    Finding.objects.create(
        assessment=assessment, bundle=PANEL, version="1", weights="0" * 64, preprocessing=0, policy="trust",
        status="ran" if score is not None else "not_applicable", score=score, score_raw=score, milliseconds=0.0,
    )  # fmt: skip
    return assessment


def _inspection(score: float | None, reasons: list[Any], outcome: Outcome, media: dict[str, str]) -> dict[str, Any]:
    not_run = {"status": "not_run", "said": "This is a sandbox."}
    return {
        "media": media, "outcome": outcome.value, "score": score, "reasons": reasons, "faces": [], "frames": [],
        "segments": [], "bundles": [], "panel": {"id": PANEL}, "cuts": list(CUTS) if score is not None else None,
        "deciding_face": None, "deciding_bundle": None, "kind": None, "portraits": [], "worst_frame": None,
        "best_frame": None, "heatmap": not_run, "stability": not_run, "provenance": {}, "milliseconds": 0.0,
    }  # fmt: skip
