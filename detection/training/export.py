"""A trained network becomes a bundle: calibrated, measured, described, and checked to be the same in both runtimes."""

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
from . import calibration, face_dataset, plots, provenance_log, redrawing, samples, weight_averaging
from .face_dataset import FaceCrop, TrainingError
from .image import SCALING, Plan
from .pseudofakes import GROUPS, REDRAWN
from .trained import Predictions, Trained, trained

TELLS = 0.7  # AUC from which a kind of manipulation is named


@dataclass(slots=True)
class Release:
    """What goes into one bundle."""

    run: Path  # folder of the training
    root: Path  # folder of bundles
    folders: tuple[Path, ...]  # of faces
    faces: dict[str, list[FaceCrop]] = field(init=False)
    version: str = "1"
    each: int = 60  # samples of each kind, for calibrating and for measuring
    false_alarms: float = 0.01  # of the real faces kept for calibration: files from elsewhere will give more
    missed: float = 0.1  # of our own fakes below the lower cut: the fewer, the more is inconclusive
    before: tuple[Path, ...] = ()  # folders of the trainings before this one, the first one first
    redrawn: Path | None = None  # the folder of what a generator drew again
    holds: bool = True  # the calibration, on files from elsewhere
    unclaimed: tuple[str, ...] = ()  # kinds that it was shown not to see in files from elsewhere
    failures: list[str] = field(default_factory=list)
    licence: str = ""  # without fakes that others made: MIT
    replace: bool = False  # in the place of a bundle of that name

    def __post_init__(self) -> None:
        if not (self.run / "plan.json").is_file():
            raise TrainingError(f"There is no training in {self.run}.")
        self.faces = face_dataset.read_parts(self.folders, ("train", "validation", "calibration"), self.redrawn)

        if not self.licence and any(face.manipulation for face in self.faces["train"]):
            raise TrainingError("It was trained on fakes that others made: say under which --licence it may be used.")
        self.licence = self.licence or "MIT"

    def write(self) -> Bundle:
        done = trained(self.run)
        target = self.root / done.plan.name
        if target.exists() and not self.replace:
            raise BadBundle(f"There is a bundle {done.plan.name} already: --replace overwrites it.")
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=self.root) as made:
            folder = Path(made) / done.plan.name
            folder.mkdir()
            done.save(folder)
            done.plan.write(folder / "plan.json")
            for name in ("log.csv", "log.svg"):
                if (self.run / name).is_file():
                    shutil.copyfile(self.run / name, folder / name)
            bundle_import.write_card(folder, self._card(done, folder))
            bundle = bundles.read(folder)
            self._check_runtimes(bundle, done)
            (folder / "CARD.md").write_text(model_cards.markdown(bundle))
            if target.exists():
                shutil.rmtree(target)
            folder.rename(target)
        return bundles.read(target)

    def _card(self, done: Trained, folder: Path) -> dict[str, Any]:
        recipe = done.plan.recipe
        fitting = done.predict(self.faces["calibration"], self.each, 7)
        fitted = calibration.fit(fitting.scores, fitting.fake, false_alarms=self.false_alarms, missed=self.missed)
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
                "software": f"Keras {keras.__version__}, TensorFlow {tensorflow.__version__}",
                "false alarms wished for in calibration": self.false_alarms,
                "fakes missed at the lower cut in calibration": self.missed,
                **self._again(done),
            },
            "figures": _measured(checking, fitted(checking.scores), done.own),
            "failures": self.failures,
        }

    def _redrawn(self, done: Trained) -> dict[str, Any]:
        """By which generator, and how many: a second run needs the same."""
        generator = redrawing.read_generator(self.redrawn)
        if not generator or not any(share for kind, share in done.plan.recipe.weights if kind in REDRAWN):
            return {}
        count = sum(1 for face in self.faces["train"] if face.redrawn_at)
        return {"faces drawn again": f"{count}, by {generator['generator']} (weights sha256 {generator['sha256']})"}

    def _start_weights(self) -> dict[str, Any]:
        """Somebody else's weights keep their licence."""
        record = provenance_log.read_record([*self.before, self.run][0])
        if "weights" not in record:
            return {}
        licence = f", licence {record['licence']}" if "licence" in record else ""
        films = {"real films to make fakes of": record["films"]} if "films" in record else {}
        return {"first weights": f"{record['weights']}{licence}, sha256 {record['sha256']}", **films}

    def _again(self, done: Trained) -> dict[str, Any]:
        """The commands of a second run, where every training ran to its end and went on from the one before."""
        runs = [*self.before, self.run]
        if not all(_is_complete(run) for run in runs) or any(weight_averaging.parts_of(run) for run in runs):
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
        """The folders whose faces a training saw; none if it saw others, or if nobody noted it."""
        seen = provenance_log.read_record(run).get("faces")
        for count in range(len(self.folders), 0, -1):
            for some in combinations(zip(self._names, self.folders, strict=True), count):
                if face_dataset.digest(face_dataset.read_faces([folder for _, folder in some], "train")) == seen:
                    return [name for name, _ in some]
        return []

    def _history(self, done: Trained, folder: Path) -> dict[str, Any]:
        """What it and its start weights have been through: without the plans nobody could do it again."""
        earlier_runs: list[str] = []
        plans: dict[str, str] = {}  # of each folder, the one written last
        number = 0
        for run in self.before:
            if parts := weight_averaging.parts_of(run):
                earlier_runs.append(_mean(parts, plans))
                continue
            number += 1
            name = f"plan-before-{number}.json"
            plans[str(run.resolve())] = name
            earlier = Plan.read(run / "plan.json")
            earlier.write(folder / name)
            earlier_runs.append(f"{int((run / 'step.txt').read_text()) * earlier.batch} samples by {name}")
        history: dict[str, Any] = {}
        if earlier_runs:
            history["started from"] = f"a network after {', then '.join(earlier_runs)}"
        if parts := weight_averaging.parts_of(self.run):
            return {**history, "made of": _mean(parts, plans)}
        return {"samples": done.seen, **history}

    def _check_runtimes(self, bundle: Bundle, done: Trained) -> None:
        """On real crops, not on noise: random pictures agree about anything."""
        pictures = done.pictures(self.faces["validation"])
        both = [Runner(bundle, runtime=runtime).raw(pictures)["score"] for runtime in ("onnx", "keras")]
        apart = float(np.abs(both[0] - both[1]).max())
        if apart > smoke_test.MAX_DIFFERENCE:
            raise BadBundle(f"Keras and ONNX are {apart:.5f} apart on real crops.")


def _is_complete(run: Path) -> bool:
    """Not ended before its plan's steps; of films none can be."""
    steps = run / "step.txt"
    return not steps.is_file() or int(steps.read_text()) == Plan.read(run / "plan.json").steps


def _mean(parts: dict[str, float], plans: dict[str, str]) -> str:
    """In words; a part whose training was not named is called by its folder."""
    return "the mean of the weights after " + ", ".join(
        f"{plans.get(run, Path(run).name)} ({share:g})" for run, share in parts.items()
    )


def update_card(folder: Path, evaluations: list[Path], failures: list[str]) -> Bundle:
    """The same bundle with more in its card; an evaluation on the same data takes the place of an earlier one."""
    bundle = bundles.read(folder)
    measured = [row_of(path, bundle) for path in evaluations]
    card = dict(bundle.card)
    named = {row["data"] for row in measured}
    card["figures"] = [row for row in card.get("figures", []) if row["data"] not in named] + measured
    card["failures"] = failures or card.get("failures", [])
    bundle_import.write_card(folder, card)
    updated = bundles.read(folder)
    (folder / "CARD.md").write_text(model_cards.markdown(updated))
    return updated


def _summary(faces: list[FaceCrop]) -> str:
    real, given = ([face for face in faces if bool(face.manipulation) is fake] for fake in (False, True))
    groups, sources = len({face.group for face in real}), len({face.source for face in real})
    sentence = f"{len(real)} crops of real faces of about {groups} people (collections: {sources})"
    if not given:
        return f"{sentence}, and fakes made of them on the fly. No deepfake made by anybody else was used."
    makers = ", ".join(sorted({face.manipulation for face in given}))
    return f"{sentence}, fakes made of them on the fly, and {len(given)} crops of fakes that others made ({makers})."


def _measured(checking: Predictions, scores: Any, own: str) -> list[dict[str, Any]]:
    """On people it was not trained on; the fakes are our own: this says how well it learnt, not how well it works."""
    rows = []
    for kind in ["all", *dict.fromkeys(checking.kinds[checking.fake])]:
        of = (checking.kinds == kind) | ~checking.fake if kind != "all" else np.ones(len(scores), bool)
        fake = checking.fake[of]
        rows.append(
            {
                "data": f"{own}: {kind}",
                "n_real": int((~fake).sum()),
                "n_fake": int(fake.sum()),
                "auc": metrics.auc(scores[of], fake),
                "auc_ci": list(metrics.auc_interval(scores[of], fake, checking.people[of])),
            }
        )
    return rows


def _kinds(checking: Predictions, unclaimed: tuple[str, ...]) -> list[str]:
    """The second head's names, where it can tell one of them from the others; else none at all."""
    if checking.shares is None:
        return []
    groups = np.array([-1 if (group := samples.group_of(str(kind))) is None else group for kind in checking.kinds])
    fakes = groups >= 0
    names = []
    for number, name in enumerate(GROUPS):
        separation = metrics.auc(checking.shares[fakes, number], groups[fakes] == number)
        can = np.isfinite(separation) and separation >= TELLS and name not in unclaimed
        names.append(name if can else "other")
    return names if any(name != "other" for name in names) else []


def row_of(path: Path, bundle: Bundle) -> dict[str, Any]:
    """One line of the card's table out of a stored evaluation of this very bundle, alone."""
    try:
        evaluation = json.loads(path.read_text())
    except ValueError as error:
        raise BadBundle(f"{path.name} is no evaluation.") from error
    if not isinstance(evaluation, dict) or evaluation.get("judged_by") != {bundle.label: bundle.judging_sha256}:
        raise BadBundle(f"{path.name} is no evaluation of {bundle.label}, alone and as it is now.")
    keys = ("n_real", "n_fake", "coverage", "auc", "auc_ci", "tpr_at_fpr_05", "false_alarms", "false_alarms_ci", "ece")
    return {"data": evaluation["source"], **{key: evaluation[key] for key in keys if evaluation.get(key) is not None}}
