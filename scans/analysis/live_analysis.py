"""A running estimate for a camera that is being watched."""

import tempfile
from pathlib import Path
from typing import Any

import detection

from ..models import Live
from ..storage.incoming import scratch_folder
from . import capture
from .decoding import decoder_sandbox
from .panels import panel
from .runs import limits

PICTURES = 8  # the latest, which are analysed together


def estimate(live: Live) -> None:
    """Analyse the latest pictures of a live camera and store the estimate. The pictures are not kept."""
    latest = list(live.pictures.order_by("-id")[:PICTURES])[::-1]
    pictures = []
    for picture in latest:
        with picture.file.open("rb") as file:
            pictures.append(file.read())
    result: dict[str, Any]
    with tempfile.NamedTemporaryFile(dir=scratch_folder(), prefix="live-") as film:
        for piece in capture.film(pictures, rate=1) if len(pictures) > 1 else pictures:
            film.write(piece)
        film.flush()
        try:
            finding = detection.inspect(
                Path(film.name), bundles=panel(), limits=limits(), heatmap=False, sandbox=decoder_sandbox()
            )
        except detection.DetectionError as refusal:
            result = {"refusal": refusal.code}
        else:
            result = {**_summary(finding), "pictures": len(pictures)}
    Live.objects.filter(pk=live.pk).update(estimate=result, asked_at=None)


def _summary(finding: detection.Finding) -> dict[str, Any]:
    content = finding.to_dict()
    heard = [
        bundle["score"] for bundle in content["bundles"] if bundle["status"] == "ran" and bundle["score"] is not None
    ]
    return {
        "outcome": finding.outcome.value,
        "score": finding.score,
        "heard": heard,
        "cuts": content["cuts"],
        "calibrated": finding.calibrated,
        "reasons": content["reasons"],
        "faces": len(content["faces"]),
    }
