"""A finished training: its files, and predictions of its network."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .. import crops, networks
from ..runtime import OnnxNet, average_odds
from . import clips, image, samples, video
from .face_dataset import FaceCrop
from .image import SCALING
from .provenance_log import ema_weights


@dataclass(frozen=True, slots=True)
class Predictions:
    """Scores of samples, with their labels."""

    scores: Any
    kinds: Any  # of each sample: its kind of fake, or real
    people: Any  # of each sample: the person, as samples of one are not independent
    shares: Any = None  # outputs of the second head

    @property
    def fake(self) -> Any:
        return self.kinds != samples.REAL


class Trained(Protocol):
    own: str  # name of the generated samples in the card
    command: str  # that trains such a network
    start_option: str  # the option for the first weights
    input: dict[str, Any]

    @property
    def plan(self) -> Any: ...
    @property
    def seen(self) -> int: ...
    @property
    def network(self) -> str: ...
    def save(self, folder: Path) -> None: ...
    def predict(self, faces: list[FaceCrop], each: int, seed: int) -> Predictions: ...
    def pictures(self, faces: list[FaceCrop]) -> Any: ...
    def training_distribution(self, faces: dict[str, list[FaceCrop]], each: int, path: Path) -> dict[str, Any]: ...


def trained(run: Path) -> Trained:
    return TrainedVideoNetwork(run) if (run / video.EMBED).is_file() else TrainedImageNetwork(run)


class TrainedImageNetwork:
    own, command, start_option = "own fakes, new people", "train_image", "--init"

    def __init__(self, run: Path) -> None:
        self.run = run
        self.plan = image.Plan.read(run / "plan.json")
        self.seen = int((run / "step.txt").read_text()) * self.plan.batch
        self.network = self.plan.network
        self.mirror = self.plan.recipe.fit == "resize"
        self.input = {"kind": "image", "input": {"mirror": self.mirror}}

    @cached_property
    def net(self) -> Any:
        net = image.build(self.plan)
        net.load_weights(ema_weights(self.run))
        return net

    def save(self, folder: Path) -> None:
        self.net.save(folder / "model.keras")
        networks.export(self.net, folder / "model.onnx")

    def predict(self, faces: list[FaceCrop], each: int, seed: int) -> Predictions:
        drawn = samples.fixed(faces, self.plan.recipe, each=each, seed=seed)
        pictures = np.stack([sample.pixels for sample in drawn])
        scores, shares = image.scores(self.net, pictures)
        if self.mirror:  # as in inspection, so that thresholds fit the served scores
            scores = average_odds(scores, image.scores(self.net, pictures[:, :, ::-1])[0])
        return Predictions(
            scores, np.array([sample.kind for sample in drawn]), np.array([sample.person for sample in drawn]), shares
        )

    def pictures(self, faces: list[FaceCrop]) -> Any:
        return np.stack([sample.pixels for sample in samples.fixed(faces, self.plan.recipe, each=2, seed=3)])

    def training_distribution(self, faces: dict[str, list[FaceCrop]], each: int, path: Path) -> dict[str, Any]:
        """Write mean and precision of the training embeddings. Returns the 99th percentile of the distance."""
        evident = networks.with_class_map(self.net)
        parts = (("train", 5), ("validation", 99))
        embeddings, others = (self._embeddings(evident, faces[part], each, seed) for part, seed in parts)
        mean, spread = embeddings.mean(0), embeddings.std(0) + 0.05 * embeddings.std()
        precision = 1 / np.square(spread)
        np.savez(path, mean=mean.astype(np.float32), precision=precision.astype(np.float32))
        distances = np.sqrt((np.square(others - mean) * precision).sum(1))
        return {"out_of_distribution": {"threshold": round(float(np.quantile(distances, 0.99)), 4)}}

    def _embeddings(self, evident: Any, faces: list[FaceCrop], each: int, seed: int, batch: int = 32) -> Any:
        drawn = samples.fixed(faces, self.plan.recipe, each=each, seed=seed)
        pictures = crops.normalise(np.stack([sample.pixels for sample in drawn]), SCALING, "rgb")
        steps = (pictures[i : i + batch] for i in range(0, len(pictures), batch))
        return np.concatenate([np.asarray(evident(step, training=False)["embedding"]) for step in steps])


class TrainedVideoNetwork:
    own = "own fake films, new people (its best epoch was chosen on them)"
    command, start_option = "train_video", "--image"
    network = "LSTM over an image network's embeddings"

    def __init__(self, run: Path) -> None:
        self.run = run
        self.plan = video.Plan.read(run / "plan.json")
        self.seen = self.plan.films
        self.input = {"kind": "video", "input": {"frames": clips.FRAMES}}

    @cached_property
    def net(self) -> Any:
        return networks.load(self.run / video.HEAD)

    def save(self, folder: Path) -> None:
        self.net.save(folder / "model.keras")
        networks.export(self.net, folder / "model.onnx")
        (folder / "embed.onnx").write_bytes((self.run / video.EMBED).read_bytes())

    def predict(self, faces: list[FaceCrop], each: int, seed: int) -> Predictions:
        drawn = clips.fixed(faces, self.plan.recipe, each=each, seed=seed)
        embed = OnnxNet(self.run / video.EMBED)
        embeddings = np.concatenate([video.embed_clips(embed, clip.pixels[None]) for clip in drawn])
        kinds, people = (np.array([getattr(clip, name) for clip in drawn]) for name in ("kind", "person"))
        return Predictions(self.net.predict(embeddings, verbose=0)[:, 0], kinds, people)

    def pictures(self, faces: list[FaceCrop]) -> Any:
        return np.stack([clip.pixels for clip in clips.fixed(faces, self.plan.recipe, each=1, seed=3)])

    def training_distribution(self, faces: dict[str, list[FaceCrop]], each: int, path: Path) -> dict[str, Any]:
        return {}  # a head over embeddings has no embedding of its own
