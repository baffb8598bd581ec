"""Whether a face can be judged, or the reasons why not."""

from dataclasses import dataclass

import cv2
import numpy as np

from .faces import Face
from .finding import Code, Reason
from .images import Pixels


@dataclass(frozen=True, slots=True)
class QualityThresholds:
    """Limits beyond which a score depends more on the picture than on the face."""

    side: float = 48.0
    sharpness: float = 12.0
    dark: float = 30.0
    bright: float = 232.0
    profile_share: float = 0.72
    outside: float = 0.2
    sure: float = 0.9


def quality_problems(pixels: Pixels, face: Face, floor: QualityThresholds | None = None) -> tuple[Reason, ...]:
    floor = floor or QualityThresholds()
    reasons: list[Reason] = []
    if face.side < floor.side:
        reasons.append(Reason(Code.FACE_TOO_SMALL, detail=f"{face.side:.0f} px of {floor.side:.0f}"))
    if face.confidence < floor.sure:
        reasons.append(Reason(Code.FACE_UNCERTAIN, detail=f"{face.confidence:.2f} of {floor.sure:.2f}"))
    if edge_cutoff(pixels, face) > floor.outside:
        reasons.append(Reason(Code.FACE_CUT_OFF))
    if profile_share(face) > floor.profile_share:
        reasons.append(Reason(Code.FACE_IN_PROFILE))
    grey = _grey(pixels, face)
    brightness = float(grey.mean())
    if brightness < floor.dark:
        reasons.append(Reason(Code.FACE_TOO_DARK, detail=f"brightness {brightness:.0f} of 255"))
    elif brightness > floor.bright:
        reasons.append(Reason(Code.FACE_TOO_BRIGHT, detail=f"brightness {brightness:.0f} of 255"))
    elif sharpness(grey) < floor.sharpness and face.side >= floor.side:
        reasons.append(Reason(Code.FACE_BLURRED, detail=f"sharpness {sharpness(grey):.1f} of {floor.sharpness:.0f}"))
    return tuple(reasons)


def sharpness(grey: Pixels) -> float:
    """Variance of the Laplacian at a fixed size, so that it does not depend on the size of the face."""
    small = cv2.resize(grey, (96, 96), interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(small, cv2.CV_32F).var())


def profile_share(face: Face) -> float:
    """0 in a frontal view (nose half-way between the eyes), 1 and more in profile (nose below an eye or beyond)."""
    (left, left_y), (right, right_y), (nose, nose_y) = face.landmarks[:3]
    across, down = right - left, right_y - left_y
    length = across * across + down * down
    if length < 1e-6:
        return 2.0
    along = ((nose - left) * across + (nose_y - left_y) * down) / length
    return abs(along - 0.5) * 2


def edge_cutoff(pixels: Pixels, face: Face) -> float:
    """Estimated share of the face beyond the picture's edge, from landmarks outside and the shape of the box."""
    height, width = pixels.shape[:2]
    outside = sum(not (0 <= x < width and 0 <= y < height) for x, y in face.landmarks) / 5
    left, top, right, bottom = face.box
    at_edge = left <= 1 or top <= 1 or right >= width - 2 or bottom >= height - 2
    shape = min(right - left, bottom - top) / max(right - left, bottom - top, 1e-6)
    return max(outside, 1 - shape / 0.7 if at_edge else 0.0)


def clarity(pixels: Pixels, face: Face) -> float:
    """Rank of a sighting: higher for large, sharp and frontal faces."""
    return float(face.side) * (1 + min(sharpness(_grey(pixels, face)), 400) / 100) * max(0.1, 1 - profile_share(face))


def _grey(pixels: Pixels, face: Face) -> Pixels:
    left, top, right, bottom = (round(v) for v in face.box)
    part = pixels[max(0, top) : max(bottom, top + 2, 2), max(0, left) : max(right, left + 2, 2)]
    if part.size == 0:
        part = np.zeros((2, 2, 3), np.uint8)
    grey: Pixels = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)  # type: ignore[assignment]
    return grey
