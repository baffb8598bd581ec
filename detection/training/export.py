"""A trained network becomes a bundle: calibrated, measured, described, and checked to be the same in both runtimes."""

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow

from .. import bundle as bundles
from .. import cards, importing, networks, trial
from ..bundle import Bundle
from ..errors import BadBundle
from ..runtime import Runner
from . import calibration, figures, image, samples
from .corpora import RealFace
from .image import SCALING, Plan
from .pseudofakes import GROUPS

TELLS = 0.7  # AUC from which a kind of manipulation is named


@dataclass(slots=True)
class Release:
    """What goes into one bundle."""

    run: Path  # folder of the training
    root: Path  # folder of bundles
    faces: dict[str, list[RealFace]]
    version: str = "1"
    each: int = 60  # samples of each kind, for calibrating and for measuring
    false_alarms: float = 0.01  # of the real faces kept for calibration: files from elsewhere will give more
    before: Path | None = None  # folder of the training that this one started from
    holds: bool = True  # the calibration, on files from elsewhere
    unclaimed: tuple[str, ...] = ()  # kinds that it was shown not to see in files from elsewhere
    measured: list[dict[str, Any]] = field(default_factory=list)  # evaluations to be put into the card
    failures: list[str] = field(default_factory=list)
    licence: str = "MIT"
    plan: Plan = field(init=False)

    def __post_init__(self) -> None:
        self.plan = Plan.read(self.run / "plan.json")

    def write(self) -> Bundle:
        net = self._net()
        target = self.root / self.plan.name
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=self.root) as made:
            folder = Path(made) / self.plan.name
            folder.mkdir()
            net.save(folder / "model.keras")
            networks.export(net, folder / "model.onnx")
            self.plan.write(folder / "plan.json")
            shutil.copyfile(self.run / "log.csv", folder / "log.csv")
            card = self._card(net, folder)
            importing.write_card(folder, card)
            bundle = bundles.read(folder)
            self._agree(bundle)
            (folder / "CARD.md").write_text(cards.markdown(bundle))
            if target.exists():
                shutil.rmtree(target)
            folder.rename(target)
        return bundles.read(target)

    def _net(self) -> Any:
        net = image.build(self.plan)
        net.load_weights(self.run / "steady.weights.h5")
        return net

    def _card(self, net: Any, folder: Path) -> dict[str, Any]:
        fitting = samples.fixed(self.faces["calibration"], self.plan.recipe, each=self.each, seed=7)
        raw, _ = image.scores(net, _pictures(fitting))
        fitted = calibration.fit(raw, [sample.fake for sample in fitting], false_alarms=self.false_alarms)
        checking = samples.fixed(self.faces["validation"], self.plan.recipe, each=self.each, seed=99)
        said, kinds = image.scores(net, _pictures(checking))
        recipe = self.plan.recipe
        threshold = _familiar(net, self.faces["train"], checking, self.plan, folder / "familiar.npz", self.each)
        steps = int((self.run / "step.txt").read_text())
        return {
            "format": bundles.FORMAT,
            "name": self.plan.name,
            "version": self.version,
            "kind": "image",
            "input": {
                "looks_at": "face",
                "size": recipe.size,
                "scaling": SCALING,
                "margin": recipe.margin,
                "fit": recipe.fit,
                "mirror": recipe.fit == "resize",
                "smallest_face": 48,
            },
            "output": {"is": "probability", "fake_is": 1, "kinds": _kinds(checking, kinds, self.unclaimed)},
            "calibration": {"a": fitted.a, "b": fitted.b, "holds": self.holds},
            "cuts": {"little_below": fitted.little_below, "manipulated_above": fitted.manipulated_above},
            "out_of_distribution": {"threshold": threshold},
            "weights": importing.digests(folder),
            "licence": self.licence,
            "training": {
                "summary": _summary(self.faces["train"]),
                "licences": dict(Counter(face.licence for face in self.faces["train"])),
                "network": self.plan.network,
                "kinds of fakes, by share": dict(recipe.weights),
                "samples": steps * self.plan.batch,
                **self._before(folder),
                "seed": self.plan.seed,
                "faces sha256": _digest(self.faces["train"]),
                "software": f"Keras {keras.__version__}, TensorFlow {tensorflow.__version__}",
                "false alarms wished for in calibration": self.false_alarms,
            },
            "figures": [*_measured(checking, fitted(said)), *self.measured],
            "failures": self.failures,
        }

    def _before(self, folder: Path) -> dict[str, Any]:
        """What the start weights had been through: without its plan nobody could do it again."""
        if self.before is None:
            return {}
        earlier = Plan.read(self.before / "plan.json")
        earlier.write(folder / "plan-before.json")
        samples_ = int((self.before / "step.txt").read_text()) * earlier.batch
        return {"started from": f"a network after {samples_} samples by plan-before.json"}

    def _agree(self, bundle: Bundle) -> None:
        """On real crops, not on noise: random pictures agree about anything."""
        checking = samples.fixed(self.faces["validation"], self.plan.recipe, each=2, seed=3)
        pictures = _pictures(checking)
        both = [Runner(bundle, runtime=runtime).raw(pictures)["score"] for runtime in ("onnx", "keras")]
        apart = float(np.abs(both[0] - both[1]).max())
        if apart > trial.AGREE:
            raise BadBundle(f"Keras and ONNX are {apart:.5f} apart on real crops.")


def _pictures(made: list[samples.Sample]) -> Any:
    return np.stack([sample.pixels for sample in made])


def _digest(faces: list[RealFace]) -> str:
    """Of every crop and every landmark: with the plan beside the bundle, what a second run needs to be the same."""
    digest = hashlib.sha256()
    for face in sorted(faces, key=lambda one: one.name):
        digest.update(face.encoded + face.landmarks.tobytes())
    return digest.hexdigest()


def _summary(faces: list[RealFace]) -> str:
    groups = len({face.group for face in faces})
    return (
        f"{len(faces)} crops of real faces of about {groups} people, from {len({f.source for f in faces})} collections "
        "under free licences, and fakes made of them on the fly. No deepfake made by anybody else was used."
    )


def _measured(checking: list[samples.Sample], scores: Any) -> list[dict[str, Any]]:
    """On people it was not trained on; the fakes are our own: this says how well it learnt, not how well it works."""
    kinds = np.array([sample.kind for sample in checking])
    real = kinds == samples.REAL
    rows = []
    for kind in ["all", *dict.fromkeys(kinds[~real])]:
        of = np.ones(len(kinds), bool) if kind == "all" else real | (kinds == kind)
        fake = ~real[of]
        rows.append(
            {
                "data": f"own fakes, new people: {kind}",
                "n_real": int((~fake).sum()),
                "n_fake": int(fake.sum()),
                "auc": figures.auc(scores[of], fake),
                "auc_ci": list(figures.auc_interval(scores[of], fake)),
            }
        )
    return rows


def _kinds(checking: list[samples.Sample], shares: Any, unclaimed: tuple[str, ...]) -> list[str]:
    """The second head's names, where it can tell every one of them from the others; else none at all."""
    groups = np.array([-1 if (group := samples.group_of(s.kind)) is None else group for s in checking])
    fakes = groups >= 0
    names = []
    for number, name in enumerate(GROUPS):
        tells = figures.auc(shares[fakes, number], groups[fakes] == number)
        can = np.isfinite(tells) and tells >= TELLS and name not in unclaimed
        names.append(name if can else "other")
    return names if any(name != "other" for name in names) else []


def _familiar(
    net: Any, faces: list[RealFace], checking: list[samples.Sample], plan: Plan, path: Path, each: int
) -> float:
    """How the embeddings of training crops lie, one number for each dimension, and the 99th percentile beside them."""
    made = samples.fixed(faces, plan.recipe, each=each, seed=5)
    evident = networks.with_evidence(net)
    known, others = (_embeddings(evident, _pictures(part)) for part in (made, checking))
    mean, spread = known.mean(0), known.std(0) + 0.05 * known.std()
    precision = 1 / np.square(spread)
    np.savez(path, mean=mean.astype(np.float32), precision=precision.astype(np.float32))
    distances = np.sqrt((np.square(others - mean) * precision).sum(1))
    return round(float(np.quantile(distances, 0.99)), 4)


def _embeddings(evident: Any, pictures: Any, batch: int = 32) -> Any:
    from ..crops import fed

    made = [
        np.asarray(evident(fed(pictures[i : i + batch], SCALING, "rgb"), training=False)["embedding"])
        for i in range(0, len(pictures), batch)
    ]
    return np.concatenate(made)


def row_of(path: Path) -> dict[str, Any]:
    """One line of the card's table out of a stored evaluation."""
    said = json.loads(path.read_text())
    keys = ("n_real", "n_fake", "coverage", "auc", "auc_ci", "tpr_at_fpr_05", "false_alarms", "false_alarms_ci", "ece")
    return {"data": said["source"], **{key: said[key] for key in keys if said.get(key) is not None}}
