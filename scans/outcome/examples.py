"""Public examples: files that may be shown to everybody, and what this site's models say of them.

The texts are here. The scores are in static/examples/examples.json, which `manage.py make_examples` writes.
"""

import datetime as dt
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import explanation, scores, words

FOLDER = Path(settings.BASE_DIR) / "static" / "examples"
RESULTS = "examples.json"
NASA = _("NASA, public domain")
GENERATED = _("Generated with Stable Diffusion 3, CC0. This person does not exist.")


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and what is known of how it was made."""

    slug: str
    file: str
    title: Promise
    truth: Promise
    about: Promise
    credit: Promise
    alt: Promise


SOURCES = (
    Source(
        "face-swap",
        "swapped.jpg",
        _("A swapped face"),
        _("Face swapped"),
        _("Another face was blended into a portrait. The models see traces of that."),
        GENERATED,
        _("Portrait of a woman whose face has a different skin tone than her neck"),
    ),
    Source(
        "photograph",
        "astronaut.jpg",
        _("A real photograph"),
        _("Photographed"),
        _(
            "A portrait of the astronaut Eileen Collins, scanned from film. The models find little evidence of "
            "manipulation."
        ),
        NASA,
        _("Portrait of an astronaut in an orange suit, in front of a flag and a model of a space shuttle"),
    ),
    Source(
        "film",
        "film.mp4",
        _("A video"),
        _("Video of a photograph"),
        _("A slow pan over the same photograph. Each analysed frame of a video has its own score."),
        NASA,
        _("Frame of a video: portrait of an astronaut in an orange suit"),
    ),
    Source(
        "between",
        "portrait.jpg",
        _("A generated portrait"),
        _("Generated"),
        _("The whole picture was generated. The models find some evidence, but not enough for a clear outcome."),
        GENERATED,
        _("Portrait of an older man in a teal shirt on a beach"),
    ),
    Source(
        "missed",
        "generated.jpg",
        _("A generated portrait that the models miss"),
        _("Generated"),
        _(
            "This picture was also generated, and the models miss it. Little evidence does not prove that a file "
            "is authentic."
        ),
        GENERATED,
        _("Portrait of a young woman in a light blue shirt"),
    ),
    Source(
        "profile",
        "profile.jpg",
        _("A face from the side"),
        _("Generated"),
        _("The models assess faces from the front. This face is turned away, so there is no score."),
        GENERATED,
        _("A young woman on a beach, seen from the side"),
    ),
)


@dataclass(frozen=True, slots=True)
class Example:
    source: Source
    finding: dict[str, Any]
    made: dt.date

    @property
    def outcome(self) -> str:
        return str(self.finding["outcome"])

    @property
    def media(self) -> dict[str, Any]:
        return dict(self.finding["media"])

    @property
    def is_film(self) -> bool:
        return self.media["kind"] == "video"

    @property
    def picture(self) -> str:
        """As a static file. Of a film: its most suspicious frame."""
        name = f"{self.source.slug}.jpg" if self.is_film else self.source.file
        return f"examples/{name}"

    @property
    def film(self) -> str:
        return f"examples/{self.source.file}"

    @property
    def score(self) -> scores.Score | None:
        return scores.read(self.finding["score"], self.finding["cuts"])

    @property
    def models(self) -> list[tuple[str, scores.Score]]:
        """Those that gave a score, judged by the cut-offs that made the outcome."""
        return [
            (model["label"], scores.Score(model["score"], scores.band_of(model["score"], self.finding["cuts"])))
            for model in self.finding["models"]
            if model["score"] is not None
        ]

    @property
    def scale(self) -> scores.Scale | None:
        others = [score.value for _label, score in self.models]
        return scores.scale(self.finding["score"], self.finding["cuts"], others, calibrated=self.finding["calibrated"])

    @property
    def explanation(self) -> str:
        models = [label for label, _score in self.models]
        return explanation.explain(self.finding, self.outcome, self.finding["score"], models)

    @property
    def meaning(self) -> words.Meaning:
        return words.meaning_of(self.outcome, (reason["code"] for reason in self.finding["reasons"]))

    @property
    def faces(self) -> list[dict[str, Any]]:
        """Boxes in pixels of the picture."""
        return [
            {
                "x": face["box"][0],
                "y": face["box"][1],
                "width": round(face["box"][2] - face["box"][0], 1),
                "height": round(face["box"][3] - face["box"][1], 1),
                "score": scores.read(face["score"], self.finding["cuts"]),
            }
            for face in self.finding["faces"]
        ]

    @property
    def moments(self) -> list[dict[str, Any]]:
        """Of a film: time and score of each place that was looked at, with its place in a drawing of 100 by 100."""
        length = self.media.get("duration") or 1
        return [
            {
                "x": round(100 * frame["time"] / length, 2),
                "y": round(100 - 100 * frame["score"], 2),
                "height": round(100 * frame["score"], 2),
                "time": frame["time"],
                "score": scores.read(frame["score"], self.finding["cuts"]),
            }
            for frame in self.finding["frames"]
            if frame["score"] is not None
        ]

    @property
    def upper_cut_at(self) -> float:
        return round(100 - 100 * self.finding["cuts"][1], 2)

    @property
    def lower_cut_at(self) -> float:
        return round(100 - 100 * self.finding["cuts"][0], 2)


def public_part(finding: dict[str, Any]) -> dict[str, Any]:
    """The part of a finding that the pages show."""
    faces = [{"box": face["box"], "score": face["score"]} for face in finding["faces"]]
    models = [
        {
            "label": f"{bundle['bundle']['name']}/{bundle['bundle']['version']}",
            "score": bundle["score"],
            "status": bundle["status"],
        }
        for bundle in finding["bundles"]
    ]
    kept = ("media", "outcome", "score", "cuts", "calibrated", "reasons", "deciding_face", "segments", "kind")
    return {
        **{name: finding[name] for name in kept},
        "faces": faces,
        "models": models,
        "frames": [{"time": frame["time"], "score": frame["score"]} for frame in finding["frames"]],
        "panel": finding["panel"]["id"],
    }


def load_examples() -> list[Example]:
    """In the order of SOURCES, without those that were never analysed."""
    path = FOLDER / RESULTS
    stored = _read(path, path.stat().st_mtime_ns) if path.is_file() else {}
    written_on = dt.date.fromisoformat(stored["made"]) if stored else dt.date.min
    return [
        Example(source, stored["examples"][source.slug], written_on)
        for source in SOURCES
        if source.slug in stored.get("examples", {})
    ]


@lru_cache(maxsize=2)
def _read(path: Path, _changed: int) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))
