"""A bundle: a folder with weights, and a card that describes their input and output."""

import hashlib
import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import BadBundle
from .finding import Identity, Outcome
from .scalings import PREPROCESSING, SCALINGS

CARD = "bundle.json"
FORMAT = 1
JUDGING = ("name", "version", "kind", "input", "output", "calibration", "cuts", "out_of_distribution", "weights")
MEAN, UPPER_QUARTER = "mean", "upper_quarter"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
VERSION = re.compile(r"[a-z0-9][a-z0-9.-]{0,30}")
DISTRIBUTION = "training_distribution.npz"  # of the embeddings of faces that the network was trained on
EARLIER_DISTRIBUTION = "familiar.npz"  # the same file in bundles of earlier versions
FILES = re.compile(r"[a-z0-9_-]+\.(keras|onnx|npz)")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Little evidence below the first, likely manipulated above the second, inconclusive between and on them."""

    little_below: float = 0.35
    manipulated_above: float = 0.8

    def outcome(self, score: float) -> Outcome:
        if score < self.little_below:
            return Outcome.LITTLE_EVIDENCE
        if score > self.manipulated_above:
            return Outcome.LIKELY_MANIPULATED
        return Outcome.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class Calibration:
    """score = sigmoid(a · logit(raw) + b), fitted on a separate split.

    `holds`: on files from elsewhere too, as far as was measured. Only then is the number shown as a probability.
    """

    a: float = 1.0
    b: float = 0.0
    fitted: bool = False
    holds: bool = True

    def __call__(self, raw: float) -> float:
        if not self.fitted:
            return raw
        held = min(max(raw, 1e-6), 1 - 1e-6)
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, self.a * math.log(held / (1 - held)) + self.b))))


@dataclass(frozen=True, slots=True)
class Bundle:
    """The checked content of a card, as `read` returns it."""

    folder: Path
    name: str
    version: str
    kind: str  # image or video
    looks_at: str  # face or whole
    size: int
    scaling: str
    colours: str
    layout: str  # nhwc or nchw
    margin: float
    fit: str  # resize, or native: a window of pixels that are not resized
    frames: int  # in one input of a video bundle
    fake_is: int
    output: str  # probability, logit, softmax, logits
    calibration: Calibration
    cuts: Thresholds
    files: dict[str, str]
    smallest_face: float
    film_margins: tuple[float, ...]  # of an image network in films: one frame after the other takes the next of them
    film_score: str  # of a face: the mean of its frames, or of the quarter of the places with the highest scores
    mirror: bool  # the mirrored crop is scored too, and both scores are averaged
    kinds: tuple[str, ...]  # of manipulation, in the order of the second output; “other” where it can't tell
    out_of_distribution: dict[str, Any]
    card_sha256: str
    card: dict[str, Any] = field(repr=False)

    @property
    def label(self) -> str:
        return f"{self.name}/{self.version}"

    @property
    def runtime(self) -> str:
        return "onnx" if "model.onnx" in self.files else "keras"

    @property
    def weights(self) -> Path:
        return self.folder / f"model.{self.runtime}"

    @property
    def embedder(self) -> Path | None:
        """The network that embeds frames, if the model takes embeddings."""
        return next((self.folder / name for name in ("embed.onnx", "embed.keras") if name in self.files), None)

    @property
    def distribution(self) -> Path:
        """The file that describes the faces the network was trained on."""
        return self.folder / (EARLIER_DISTRIBUTION if EARLIER_DISTRIBUTION in self.files else DISTRIBUTION)

    @property
    def judging_sha256(self) -> str:
        """Digest of everything in the card that can change a score or an outcome."""
        judging = {name: self.card.get(name) for name in JUDGING}
        # The earlier file name goes in, so that the rename changes neither this digest nor the panel's id.
        judging["weights"] = {
            EARLIER_DISTRIBUTION if name == DISTRIBUTION else name: digest for name, digest in self.files.items()
        }
        return hashlib.sha256(json.dumps(judging, sort_keys=True).encode()).hexdigest()

    def identity(self) -> Identity:
        weights = self.files[self.weights.name]
        return Identity(self.name, self.version, self.kind, weights, self.card_sha256, self.runtime, PREPROCESSING)

    def verify(self) -> None:
        """Refuse weights that the card was not written for. Call it before they are loaded."""
        for name, digest in self.files.items():
            path = self.folder / name
            if not path.is_file():
                raise BadBundle(f"The bundle {self.label} lacks its file {name}.")
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    raise BadBundle(
                        f"The file {name} of the bundle {self.label} is not the one its card was written for."
                    )


def read_bundle(folder: Path) -> Bundle:
    """Read and check the card of one folder. Raises BadBundle."""
    try:
        text = (folder / CARD).read_bytes()
        card = json.loads(text)
    except (OSError, ValueError) as error:
        raise BadBundle(f"The card of {folder.name} can't be read.", detail=repr(error)) from error
    try:
        return _checked(folder, card, hashlib.sha256(text).hexdigest())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadBundle(f"The card of {folder.name} is not valid: {error}.", detail=repr(error)) from error


def _checked(folder: Path, card: dict[str, Any], digest: str) -> Bundle:
    if card["format"] != FORMAT:
        raise ValueError(f"format {card['format']!r}, expected {FORMAT}")
    input_card, out, cuts = card["input"], card["output"], card["cuts"]
    calibration = card.get("calibration") or {}
    bundle = Bundle(
        folder=folder,
        name=_matching(NAME, card["name"], "name"),
        version=_matching(VERSION, str(card["version"]), "version"),
        kind=_one_of(card["kind"], "kind", "image", "video"),
        looks_at=_one_of(input_card.get("looks_at", "face"), "input.looks_at", "face", "whole"),
        size=_between(input_card["size"], "input.size", 16, 1024),
        scaling=_one_of(input_card["scaling"], "input.scaling", *SCALINGS),
        colours=_one_of(input_card.get("colours", "rgb"), "input.colours", "rgb", "bgr"),
        layout=_one_of(input_card.get("layout", "nhwc"), "input.layout", "nhwc", "nchw"),
        margin=float(_number(input_card.get("margin", 0.3), "input.margin", 0.0, 2.0)),
        fit=_one_of(input_card.get("fit", "resize"), "input.fit", "resize", "native"),
        frames=_between(input_card.get("frames", 1), "input.frames", 1, 64),
        fake_is=_between(out["fake_is"], "output.fake_is", 0, 1),
        output=_one_of(out.get("is", "probability"), "output.is", "probability", "logit", "softmax", "logits"),
        calibration=Calibration(
            _number(calibration.get("a", 1.0), "calibration.a", -100, 100),
            _number(calibration.get("b", 0.0), "calibration.b", -100, 100),
            bool(calibration),
            bool(calibration.get("holds", True)),
        ),
        cuts=read_thresholds(cuts),
        files={_matching(FILES, name, "weights"): str(value) for name, value in card["weights"].items()},
        smallest_face=_number(input_card.get("smallest_face", 48), "input.smallest_face", 8, 1024),
        film_margins=tuple(
            float(_number(margin, "input.film_margins", 0.0, 2.0)) for margin in input_card.get("film_margins", ())
        ),
        film_score=_one_of(input_card.get("film_score", MEAN), "input.film_score", MEAN, UPPER_QUARTER),
        mirror=bool(input_card.get("mirror", False)),
        kinds=tuple(str(kind) for kind in out.get("kinds", ())),
        out_of_distribution=dict(card.get("out_of_distribution") or {}),
        card_sha256=digest,
        card=card,
    )
    if not {"model.onnx", "model.keras"} & bundle.files.keys():
        raise ValueError("weights name neither model.onnx nor model.keras")
    return bundle


def read_thresholds(cuts: dict[str, Any]) -> Thresholds:
    low = _number(cuts["little_below"], "cuts.little_below", 0.0, 1.0)
    high = _number(cuts["manipulated_above"], "cuts.manipulated_above", 0.0, 1.0)
    if low > high:
        raise ValueError(f"cuts.little_below {low} is above cuts.manipulated_above {high}")
    return Thresholds(low, high)


def folders(root: Path) -> list[Path]:
    """Those with a card. A name that begins with a dot is of something that comes or goes."""
    cards = root.glob(f"*/{CARD}") if root.is_dir() else ()
    return sorted(card.parent for card in cards if not card.parent.name.startswith("."))


def _matching(pattern: re.Pattern[str], value: object, what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"{what} is {value!r}")
    return value


def _one_of(value: object, what: str, *allowed: str) -> str:
    if value not in allowed:
        raise ValueError(f"{what} is {value!r}, expected one of {', '.join(allowed)}")
    return str(value)


def _number(value: object, what: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{what} is {value!r}, expected a number from {low} to {high}")
    return float(value)


def _between(value: object, what: str, low: int, high: int) -> int:
    if not isinstance(value, int):
        raise ValueError(f"{what} is {value!r}, expected a whole number")
    return int(_number(value, what, low, high))
