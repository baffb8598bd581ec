"""Whether a bundle may join the panel: nothing that an appeal has turned over is got wrong again, and people's own
decisions are told apart no worse than before. Only then it is put into the folder."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import detection

from .. import analysis
from ..models import Decision, LockedCase, PanelVersion, Scan
from ..models.decision import CONTRADICTS, FAKE, REAL

MOST = 300  # decided files that both panels judge anew
MOST_BY_PAGE = 60  # of them in a worker, which takes nothing else meanwhile
FEW = 20  # of a kind, below which nothing is compared

Report = Callable[[str], None]


@dataclass
class Rehearsal:
    """What the panel with the candidate in it says of files that people have decided."""

    locked: int = 0
    gone: int = 0  # locked cases whose file was deleted
    broken: list[dict[str, Any]] = field(default_factory=list)  # each a refusal, as models.learning has them
    now: float | None = None
    now_between: tuple[float, float] | None = None
    then: float | None = None
    compared: tuple[int, int] = (0, 0)  # real, manipulated

    @property
    def refusals(self) -> list[dict[str, Any]]:
        """Why the candidate may not join. `refusal_in_words` says it in a language."""
        reasons = list(self.broken)
        if self.now_between and self.then is not None and self.then < self.now_between[0]:
            low, high = self.now_between
            reasons.append({"code": "worse", "then": self.then, "now": self.now, "low": low, "high": high})
        return reasons

    def to_dict(self) -> dict[str, Any]:
        return {
            "locked": self.locked,
            "gone": self.gone,
            "now": self.now,
            "then": self.then,
            "compared": list(self.compared),
            "refusals": self.refusals,
        }


def rehearse(candidate: Path, bundles: Path, weight: str, report: Report = lambda line: None) -> Rehearsal:
    with _panel_with(candidate, bundles, weight) as panel:
        return compare(panel, report)


def compare(panel: Any, report: Report = lambda line: None, most: int = MOST) -> Rehearsal:
    """A panel with the one in force, on what people of this site have decided."""
    trial = Rehearsal()
    _locked_cases(panel, trial)
    report(f"{trial.locked} locked cases judged, {trial.gone} without their file.")
    _decided_files(analysis.panel(), panel, trial, most)
    report(f"{trial.compared[0]} real and {trial.compared[1]} manipulated files judged by both panels.")
    return trial


def try_version(version: PanelVersion) -> None:
    """What the trial found stands with the version, for whoever is to approve it."""
    try:
        panel = analysis.panel_under(version)
        if faults := [*panel.faults(), *([] if panel.active else [{"code": "no_model"}])]:
            rehearsal: dict[str, Any] = {"refusals": faults}
        else:
            rehearsal = compare(panel, most=MOST_BY_PAGE).to_dict()
    except detection.DetectionError as error:
        rehearsal = {"refusals": [str(error)]}
    PanelVersion.objects.filter(pk=version.pk).update(rehearsal=rehearsal)


def install(candidate: Path, bundles: Path, weight: str) -> None:
    """The bundle first, under a name that nobody reads; the policy last."""
    bundle = detection.read_bundle(candidate)
    waiting = bundles / f".{bundle.name}-new"
    shutil.rmtree(waiting, ignore_errors=True)
    shutil.copytree(candidate, waiting)
    place = bundles / bundle.name
    if place.exists():
        before = bundles / f".{bundle.name}-before"
        shutil.rmtree(before, ignore_errors=True)
        place.rename(before)
    waiting.rename(place)
    write_weight(bundles, bundle.name, weight)


def write_weight(bundles: Path, name: str, weight: str) -> None:
    """A model's word in the folder's policy: by its name, or by name and version."""
    new = bundles / f".{detection.POLICY}"
    new.write_text(json.dumps(_policy(bundles, name, weight), indent=2) + "\n")
    new.replace(bundles / detection.POLICY)


@contextmanager
def _panel_with(candidate: Path, bundles: Path, weight: str) -> Iterator[Any]:
    name = detection.read_bundle(candidate).name
    with tempfile.TemporaryDirectory(prefix="panel-") as folder:
        for there in bundles.iterdir():
            if there.is_dir() and there.name != name and not there.name.startswith("."):
                (Path(folder) / there.name).symlink_to(there.resolve())
        (Path(folder) / name).symlink_to(candidate.resolve())
        (Path(folder) / detection.POLICY).write_text(json.dumps(_policy(bundles, name, weight)))
        yield analysis.as_agreed(detection.read_panel(folder))


def _policy(bundles: Path, name: str, weight: str) -> dict[str, Any]:
    there = bundles / detection.POLICY
    policy: dict[str, Any] = json.loads(there.read_text()) if there.is_file() else {}
    return {**policy, "bundles": {**policy.get("bundles", {}), name: weight}}


def _locked_cases(panel: Any, trial: Rehearsal) -> None:
    standing = Decision.objects.standing()
    for case in LockedCase.objects.select_related("scan"):
        last = standing.filter(scan=case.scan_id).first()
        if last is None or last.label != case.label:
            continue  # a later decision took the place of the one that the appeal brought
        if not case.scan.media:
            trial.gone += 1
            continue
        trial.locked += 1
        outcome = _outcome_and_score(case.scan, panel)[0]
        if case.label in CONTRADICTS.get(outcome, frozenset()):
            trial.broken.append(
                {"code": "locked_case", "case": str(case.scan_id), "label": case.label, "outcome": outcome}
            )


def _decided_files(now: Any, then: Any, trial: Rehearsal, most: int) -> None:
    rows = Decision.objects.standing().filter(superseded_by=None, label__in=FAKE | REAL).exclude(scan__media="")
    scores: list[tuple[float, float, bool]] = []
    for decision in rows.select_related("scan")[:most]:
        score_now, score_then = (_outcome_and_score(decision.scan, panel)[1] for panel in (now, then))
        if score_now is not None and score_then is not None:
            scores.append((score_now, score_then, decision.label in FAKE))
    fake = [label for *_scores, label in scores]
    trial.compared = (len(fake) - sum(fake), sum(fake))
    if min(trial.compared) < FEW:
        return
    before, after = [score for score, _, _ in scores], [score for _, score, _ in scores]
    trial.now, trial.then = detection.auc(before, fake), detection.auc(after, fake)
    trial.now_between = detection.auc_interval(before, fake)


def _outcome_and_score(scan: Scan, panel: Any) -> tuple[str, float | None]:
    try:
        with analysis.local_file(scan) as path:
            finding = detection.inspect(path, bundles=panel, heatmap=False, sandbox=analysis.decoder_sandbox())
    except detection.DetectionError:
        return "", None
    return finding.outcome.value, finding.score
