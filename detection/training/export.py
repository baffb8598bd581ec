"""Export a trained network as a bundle: calibrate, measure and describe it, and compare both runtimes."""

import json
import shlex
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow

from .. import bundle as bundles
from .. import bundle_import, metrics, model_cards, smoke_test
from ..bundle import Bundle
from ..errors import BadBundle
from ..runtime import Runner
from . import calibration, face_dataset, plots, provenance_log, reconstructions, samples
from .face_dataset import FaceCrop, TrainingError
from .image import SCALING, Plan
from .pseudofakes import GROUPS, REDRAWN
from .trained import Predictions, Trained, trained

NAMED_FROM = 0.7  # AUC from which a kind of manipulation is named


@dataclass(slots=True)
class Release:
    """The settings of one export."""

    run: Path  # folder of the training
    root: Path  # folder of bundles
    folders: tuple[Path, ...]  # of faces
    faces: dict[str, list[FaceCrop]] = field(init=False)
    version: str = "1"
    each: int = 60  # samples of each kind, for calibrating and for measuring
    false_alarms: float = 0.01  # of the real faces for calibration; other files give more
    missed: float = 0.1  # share of generated fakes below the lower threshold
    before: tuple[Path, ...] = ()  # folders of the earlier trainings, in order
    redrawn: Path | None = None  # the folder of redrawn faces
    holds: bool = True  # whether the calibration holds on other files
    unclaimed: tuple[str, ...] = ()  # kinds that it does not detect in other files
    failures: list[str] = field(default_factory=list)
    licence: str = ""  # empty: MIT, if no fakes by others were used
    replace: bool = False  # an existing bundle of that name

    def __post_init__(self) -> None:
        if not (self.run / "plan.json").is_file():
            raise TrainingError(f"There is no training in {self.run}.")
        self.faces = face_dataset.read_parts(self.folders, ("train", "validation", "calibration"), self.redrawn)

        if not self.licence and any(face.manipulation for face in self.faces["train"]):
            raise TrainingError(
                "It was trained on fakes made by others. Give the licence of the bundle with --licence."
            )
        self.licence = self.licence or "MIT"

    def write(self) -> Bundle:
        done = trained(self.run)
        target = self.root / done.plan.name
        if target.exists() and not self.replace:
            raise BadBundle(f"There is already a bundle {done.plan.name}. --replace overwrites it.")
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=self.root) as temporary:
            folder = Path(temporary) / done.plan.name
            folder.mkdir()
            done.save(folder)
            done.plan.write(folder / "plan.json")
            for name in ("log.csv", "log.svg"):
                if (self.run / name).is_file():
                    shutil.copyfile(self.run / name, folder / name)
            bundle_import.write_card(folder, self._card(done, folder))
            bundle = bundles.read_bundle(folder)
            self._check_runtimes(bundle, done)
            (folder / "CARD.md").write_text(model_cards.markdown(bundle))
            if target.exists():
                shutil.rmtree(target)
            folder.rename(target)
        return bundles.read_bundle(target)

    def _card(self, done: Trained, folder: Path) -> dict[str, Any]:
        recipe = done.plan.recipe
        fitting = done.predict(self.faces["calibration"], self.each, 7)
        fitted = calibration.fit(
            fitting.scores,
            fitting.fake,
            counts=_counts(fitting, dict(done.plan.recipe.weights)),
            false_alarms=self.false_alarms,
            missed=self.missed,
        )
        checking = done.predict(self.faces["validation"], self.each, 99)
        plots.reliability(fitted(checking.scores), checking.fake, folder / "calibration.svg")
        distribution = done.training_distribution(self.faces, self.each, folder / bundles.DISTRIBUTION)
        return {
            "format": bundles.FORMAT,
            "name": done.plan.name,
            "version": self.version,
            "kind": done.input["kind"],
            "input": {
                "looks_at": "face",
                "size": recipe.size,
                "scaling": SCALING,
                "margin": recipe.margin,
                "fit": recipe.fit,
                "smallest_face": 48,
                **done.input["input"],
            },
            "output": {"is": "probability", "fake_is": 1, "kinds": _kinds(checking, self.unclaimed)},
            "calibration": {"a": fitted.a, "b": fitted.b, "holds": self.holds},
            "cuts": {"little_below": fitted.little_below, "manipulated_above": fitted.manipulated_above},
            **distribution,
            "weights": bundle_import.file_digests(folder),
            "licence": self.licence,
            "training": {
                "summary": _summary(self.faces["train"]),
                "licences": dict(Counter(face.licence for face in self.faces["train"])),
                "network": done.network,
                "kinds of fakes, by share": dict(recipe.weights),
                **self._redrawn(done),
                **self._start_weights(),
                **self._history(done, folder),
                "seed": done.plan.seed,
                "faces sha256": face_dataset.digest(self.faces["train"]),
                **({"code sha256": code} if (code := provenance_log.read_record(self.run).get("code")) else {}),
                "software": self._software(),
                "false alarms wished for in calibration": self.false_alarms,
                "fakes missed at the lower cut in calibration": self.missed,
                **self._again(done),
            },
            "figures": _measured(checking, fitted(checking.scores), done.own),
            "failures": self.failures,
        }

    def _redrawn(self, done: Trained) -> dict[str, Any]:
        """The generator and the number of redrawn faces, for a second run."""
        generator = reconstructions.read_generator(self.redrawn)
        if not generator or not any(share for kind, share in done.plan.recipe.weights if kind in REDRAWN):
            return {}
        count = sum(1 for face in self.faces["train"] if face.redrawn_at)
        return {"faces drawn again": f"{count}, by {generator['generator']} (weights sha256 {generator['sha256']})"}

    def _start_weights(self) -> dict[str, Any]:
        """The first weights, with their licence and digest."""
        record = provenance_log.read_record([*self.before, self.run][0])
        if "weights" not in record:
            return {}
        licence = f", licence {record['licence']}" if "licence" in record else ""
        films = {"real films to make fakes of": record["films"]} if "films" in record else {}
        return {"first weights": f"{record['weights']}{licence}, sha256 {record['sha256']}", **films}

    def _software(self) -> str:
        """A training from caches notes what else it was done with."""
        trained_with = provenance_log.read_record(self.run).get("software")
        return f"Keras {keras.__version__}, {trained_with or f'TensorFlow {tensorflow.__version__}'}"

    def _again(self, done: Trained) -> dict[str, Any]:
        """The commands of a second run, if all trainings are complete and continue each other."""
        runs = [*self.before, self.run]
        if not all(_is_complete(run) for run in runs):
            return {}
        if any("caches" in provenance_log.read_record(run) for run in runs):  # drawn by commands of their own
            return {}
        commands, began = [], provenance_log.read_record(runs[0])
        redrawn = ["--redrawn", "REDRAWN"] if self._redrawn(done) else []
        names = [*(f"RUN-{number + 1}" for number in range(len(self.before))), "RUN"]
        for number, (run, name) in enumerate(zip(runs, names, strict=True)):
            start = began.get("weights", "")
            folders = self._named(run)
            if not folders:
                return {}
            if number:
                if provenance_log.read_record(run).get("sha256") != provenance_log.digest(runs[number - 1]):
                    return {}
                start = names[number - 1]
            plan = "plan.json" if run is self.run else f"plan-before-{number + 1}.json"
            words = [done.command, name, "--faces", *folders, *redrawn, "--plan", plan]
            words += [done.start_option, start] if start else []
            words += ["--init-licence", began["licence"]] if "licence" in began and not number else []
            words += ["--clips", "FILMS"] if "films" in began else []
            commands.append(words)
        words = ["export_bundle", "RUN", "--faces", *self._names, *redrawn]
        words += ["--release", self.version, "--each", str(self.each)]
        words += ["--false-alarms", str(self.false_alarms), "--missed", str(self.missed)]
        words += ["--before", *names[:-1]] if self.before else []
        words += ["--unclaimed", *self.unclaimed] if self.unclaimed else []
        words += [] if self.holds else ["--no-probability"]
        words += ["--licence", self.licence] if self.licence != "MIT" else []
        return {"again": [shlex.join(["manage.py", *command]) for command in (*commands, words)]}

    @property
    def _names(self) -> list[str]:
        """Of the folders of faces, in the commands of a second run."""
        return ["FACES"] if len(self.folders) == 1 else [f"FACES-{n}" for n in range(1, len(self.folders) + 1)]

    def _named(self, run: Path) -> list[str]:
        """The folders of a training's faces. Empty if it saw others, or has no record."""
        seen = provenance_log.read_record(run).get("faces")
        for count in range(len(self.folders), 0, -1):
            for chosen in combinations(zip(self._names, self.folders, strict=True), count):
                if face_dataset.digest(face_dataset.read_faces([folder for _, folder in chosen], "train")) == seen:
                    return [name for name, _ in chosen]
        return []

    def _history(self, done: Trained, folder: Path) -> dict[str, Any]:
        """The earlier trainings. Writes their plans beside the card."""
        earlier_runs: list[str] = []
        for number, run in enumerate(self.before, 1):
            name = f"plan-before-{number}.json"
            earlier = Plan.read(run / "plan.json")
            earlier.write(folder / name)
            earlier_runs.append(f"{int((run / 'step.txt').read_text()) * earlier.batch} samples by {name}")
        history: dict[str, Any] = {}
        if earlier_runs:
            history["started from"] = f"a network after {', then '.join(earlier_runs)}"
        return {"samples": done.seen, **history}

    def _check_runtimes(self, bundle: Bundle, done: Trained) -> None:
        """Compare both runtimes on real crops. On noise they always agree."""
        pictures = done.pictures(self.faces["validation"])
        both = [Runner(bundle, runtime=runtime).raw(pictures)["score"] for runtime in ("onnx", "keras")]
        apart = float(np.abs(both[0] - both[1]).max())
        if apart > smoke_test.MAX_DIFFERENCE:
            raise BadBundle(f"Keras and ONNX are {apart:.5f} apart on real crops.")


def _is_complete(run: Path) -> bool:
    """Whether a training has run all steps of its plan. A video training always has."""
    steps = run / "step.txt"
    return not steps.is_file() or int(steps.read_text()) == Plan.read(run / "plan.json").steps


def _counts(predictions: Predictions, shares: dict[str, float]) -> Any:
    """How much each sample counts: real and fake ones the same, and a kind of fakes as much as in the training.

    As many samples of each kind are drawn. Counted alike, kinds that a network hardly sees would hold down the score
    of those that it is for.
    """
    counts = np.zeros(len(predictions.fake))
    counts[~predictions.fake] = 1 / max(1, (~predictions.fake).sum())
    whole = sum(shares.get(kind, 0.0) for kind in set(predictions.kinds[predictions.fake].tolist()))
    for kind in set(predictions.kinds[predictions.fake].tolist()):
        of_kind = predictions.fake & (predictions.kinds == kind)
        counts[of_kind] = shares.get(kind, 0.0) / whole / of_kind.sum()
    return counts


def update_card(folder: Path, evaluations: list[Path], failures: list[str]) -> Bundle:
    """Add evaluations and failures to a card. An evaluation replaces an earlier one on the same data."""
    bundle = bundles.read_bundle(folder)
    measured = [row_of(path, bundle) for path in evaluations]
    card = dict(bundle.card)
    named = {row["data"] for row in measured}
    card["figures"] = [row for row in card.get("figures", []) if row["data"] not in named] + measured
    card["failures"] = failures or card.get("failures", [])
    bundle_import.write_card(folder, card)
    updated = bundles.read_bundle(folder)
    (folder / "CARD.md").write_text(model_cards.markdown(updated))
    return updated


def _summary(faces: list[FaceCrop]) -> str:
    real, fakes = ([face for face in faces if bool(face.manipulation) is fake] for fake in (False, True))
    groups, sources = len({face.group for face in real}), len({face.source for face in real})
    sentence = f"{len(real)} crops of real faces of about {groups} people (collections: {sources})"
    if not fakes:
        return f"{sentence}, and fakes made of them on the fly. No deepfake made by anybody else was used."
    makers = ", ".join(sorted({face.manipulation for face in fakes}))
    return f"{sentence}, fakes made of them on the fly, and {len(fakes)} crops of fakes that others made ({makers})."


def _measured(checking: Predictions, scores: Any, own: str) -> list[dict[str, Any]]:
    """Measure it on generated fakes of new people. This shows how well it learnt, not how well it works."""
    rows = []
    for kind in ["all", *dict.fromkeys(checking.kinds[checking.fake])]:
        compared = (checking.kinds == kind) | ~checking.fake if kind != "all" else np.ones(len(scores), bool)
        fake = checking.fake[compared]
        rows.append(
            {
                "data": f"{own}: {kind}",
                "n_real": int((~fake).sum()),
                "n_fake": int(fake.sum()),
                "auc": metrics.auc(scores[compared], fake),
                "auc_ci": list(metrics.auc_interval(scores[compared], fake, checking.people[compared])),
            }
        )
    return rows


def _kinds(checking: Predictions, unclaimed: tuple[str, ...]) -> list[str]:
    """Names of the kinds that the second head separates, or none."""
    if checking.shares is None:
        return []
    groups = np.array([-1 if (group := samples.group_of(str(kind))) is None else group for kind in checking.kinds])
    fakes = groups >= 0
    names = []
    for number, name in enumerate(GROUPS):
        separation = metrics.auc(checking.shares[fakes, number], groups[fakes] == number)
        can = np.isfinite(separation) and separation >= NAMED_FROM and name not in unclaimed
        names.append(name if can else "other")
    return names if any(name != "other" for name in names) else []


def row_of(path: Path, bundle: Bundle) -> dict[str, Any]:
    """A row of the card's table, from a stored evaluation of this bundle alone."""
    try:
        evaluation = json.loads(path.read_text())
    except ValueError as error:
        raise BadBundle(f"{path.name} is not an evaluation.") from error
    if not isinstance(evaluation, dict) or evaluation.get("judged_by") != {bundle.label: bundle.judging_sha256}:
        raise BadBundle(f"{path.name} is not an evaluation of {bundle.label} alone, in its present version.")
    keys = ("n_real", "n_fake", "coverage", "auc", "auc_ci", "tpr_at_fpr_05", "false_alarms", "false_alarms_ci", "ece")
    return {"data": evaluation["source"], **{key: evaluation[key] for key in keys if evaluation.get(key) is not None}}
