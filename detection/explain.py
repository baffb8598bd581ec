"""Heat maps: shown only if they pass checks that a meaningless map would fail."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from . import crops, scoring
from .bundle import Bundle
from .face_tracking import TrackedFace, TrackedMedia
from .finding import Finding, OptionalEvidence
from .images import Pixels
from .panel import Panel
from .runtime import HEATMAP, RUNTIME_ERRORS, Runner, runner

Floats = NDArray[np.float32]

CAPTION = (
    "Where this network looked when it gave the score: warm regions raised it. "
    "It does not show where an edit is, or that there is one."
)
SIDE = 320  # of the drawn picture, in pixels
OPAQUE = 0.65  # how much of the face the warmest region hides; lukewarm regions hide far less
SHARE = 0.25  # of the crop that the deletion test hides
TRIES = 8  # random regions to compare with
FLAT = 1e-3
SAME = 0.9  # correlation with the map of the same network with shuffled weights


def heatmap(panel: Panel, view: TrackedMedia, finding: Finding) -> OptionalEvidence:
    """The heat map of the deciding face in its worst frame, if it passes the checks."""
    choice = _face_to_explain(panel, view, finding)
    if isinstance(choice, OptionalEvidence):
        return choice
    bundle, face = choice
    try:
        slot = _checked(runner(bundle), face, (view.media.width, view.media.height))
    except RUNTIME_ERRORS as error:
        return OptionalEvidence("not_available", f"The heat map could not be made ({type(error).__name__}).")
    if bundle.label == finding.deciding_bundle:
        return slot
    note = (
        f"The network that decided looks at several frames and has no heat map. {bundle.label} looks at single frames."
    )
    return replace(slot, sentence=f"{note} {slot.sentence}", content={**slot.content, "decided": False})


def _face_to_explain(
    panel: Panel, view: TrackedMedia, finding: Finding
) -> tuple[Bundle, TrackedFace] | OptionalEvidence:
    bundle = next((b for b, _ in panel.members if b.label == finding.deciding_bundle), None)
    if bundle is None or finding.score is None:
        return OptionalEvidence("not_available", "Nothing was scored, so there is nothing to explain.")
    if finding.deciding_face is None:
        return OptionalEvidence("not_available", "The picture was judged as a whole. Heat maps are made of faces only.")
    if bundle.kind != "image" and (bundle := _image_bundle(panel, finding)) is None:
        return OptionalEvidence(
            "not_available", "A network that looks at several frames has no heat map of a single one."
        )
    judged = view.tracks[finding.deciding_face].judged
    worst = max(judged, key=lambda face: (face.frame == finding.worst_frame, face.clarity))
    return bundle, worst


def _image_bundle(panel: Panel, finding: Finding) -> Bundle | None:
    """The image bundle with the highest score for the deciding face."""
    members = {bundle.label: bundle for bundle, _ in panel.members if bundle.kind == "image"}
    scores = {
        result.bundle.label: result.faces[finding.deciding_face]
        for result in finding.bundles
        if result.bundle.label in members and finding.deciding_face in result.faces
    }
    return members[max(scores, key=lambda label: scores[label])] if scores else None


def _checked(run: Runner, face: TrackedFace, picture: tuple[int, int]) -> OptionalEvidence:
    crop = scoring.pictures_of(run.bundle, [face])[0]
    outputs = run.raw(crop[None])
    if HEATMAP not in outputs:
        return OptionalEvidence("not_available", "The network of this bundle has no exact heat map.")
    cam = _towards_fake(run.bundle, outputs[HEATMAP])
    checks: dict[str, Any] = {"flat": bool(cam.std() < FLAT)}
    content = {"bundle": run.bundle.label, "frame": face.frame, "time": round(face.time, 4), "checks": checks}
    if checks["flat"]:
        return OptionalEvidence("failed_check", "The map was the same everywhere, so it is not shown.", content)
    other = _towards_fake(run.bundle, run.scrambled.raw(crop[None])[HEATMAP])
    checks["like_untrained"] = round(_correlation(cam, other), 4)
    if checks["like_untrained"] > SAME:
        return OptionalEvidence("failed_check", "An untrained network gives the same map, so it is not shown.", content)
    top, chance = _deletion_test(run, crop, cam, outputs["score"])
    checks["drop_top"], checks["drop_random"] = round(top, 4), round(chance, 4)
    if top <= chance or top <= 0:
        return OptionalEvidence(
            "failed_check", "Hiding what it marks lowers the score no more than hiding any part, so it is not shown.",
            content,
        )  # fmt: skip
    png, ground = _drawn(crop, cam)
    spec = scoring.crop_spec(run.bundle)
    place = crops.area(face.face.box, picture, margin=spec.margin, size=spec.size, fit=spec.fit)
    content["box"] = [round(value, 1) for value in place]
    return OptionalEvidence("available", CAPTION, content, png=png, ground=ground)


def _towards_fake(bundle: Bundle, cam: Floats) -> Floats:
    """Flip the map of a network whose own output is P(authentic)."""
    plain = cam.reshape(cam.shape[-3:-1] if cam.shape[-1] == 1 else cam.shape[-2:])
    return plain if bundle.fake_is == 1 else -plain


def _correlation(first: Floats, second: Floats) -> float:
    if second.std() < 1e-9:
        return 0.0
    return abs(float(np.corrcoef(first.reshape(-1), second.reshape(-1))[0, 1]))


def _deletion_test(run: Runner, crop: Pixels, cam: Floats, score: Floats) -> tuple[float, float]:
    """How far the log-odds fall if the top region of the map is hidden, and if random regions of that size are."""
    size = crop.shape[0]
    veil = cv2.GaussianBlur(crop, (0, 0), size / 12)
    cells = cam.size
    count = max(1, round(cells * SHARE))
    order = np.argsort(-cam.reshape(-1), kind="stable")
    chance = np.random.default_rng(0)
    regions = [order[:count], *(chance.permutation(cells)[:count] for _ in range(TRIES))]
    hidden = []
    for region in regions:
        mask = np.zeros(cells, np.float32)
        mask[region] = 1
        soft = cv2.resize(mask.reshape(cam.shape), (size, size), interpolation=cv2.INTER_NEAREST)
        soft = cv2.GaussianBlur(soft, (0, 0), size / 40)[..., None]
        hidden.append((crop * (1 - soft) + veil * soft).round().astype(np.uint8))
    raw = np.append(score, run.raw(np.stack(hidden))["score"]).astype(np.float64).clip(1e-6, 1 - 1e-6)
    odds = np.log(raw / (1 - raw))
    return float(odds[0] - odds[1]), float(odds[0] - odds[2:].mean())


def _drawn(crop: Pixels, cam: Floats) -> tuple[bytes, bytes]:
    """Two images: the map, which is transparent where the model looked least (PNG), and the face under it (JPEG)."""
    raised = np.maximum(cam, 0) if cam.max() > 0 else cam - cam.min()
    raised = raised / max(float(raised.max()), 1e-9)
    warmth = cv2.resize(raised, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    colours = cv2.applyColorMap((255 - warmth * 255).astype(np.uint8), cv2.COLORMAP_AUTUMN)  # from yellow to red
    opacity = (warmth**2 * OPAQUE * 255).round().astype(np.uint8)
    _, encoded = cv2.imencode(".png", np.dstack([colours, opacity]))
    plain = cv2.cvtColor(cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), cv2.COLOR_RGB2BGR)
    _, below = cv2.imencode(".jpg", plain, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return encoded.tobytes(), below.tobytes()
