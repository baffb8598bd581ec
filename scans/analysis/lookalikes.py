"""Seen before? Perceptual hashes of pictures and of frames, and the scans whose hashes are near."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..models import Fingerprint, Scan
from ..models.fingerprint import NEAR, distance
from ..outcome import effective

INNER = 0.95  # of the sides: whoever cuts a few per cent off the edges leaves this
FLAT = 6.0  # spread of brightness below which a frame is black, white or grey: alike to all of its kind
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Lookalike:
    scan: Scan
    distance: int


def hashes(jpeg: bytes) -> list[int]:
    """Of the whole picture and of its middle; none of a picture that shows nothing."""
    import cv2  # here: it takes longer to load than all else that a web process needs
    import numpy as np

    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None or grey.std() < FLAT:
        return []
    height, width = grey.shape
    top, left = round(height * (1 - INNER) / 2), round(width * (1 - INNER) / 2)
    return [_hash(grey), _hash(grey[top : height - top, left : width - left])]


def _hash(grey: Any) -> int:
    """The signs of the lowest frequencies against their median (the DC part left out)."""
    import cv2
    import numpy as np

    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = np.asarray(cv2.dct(small))[:8, :8].reshape(-1)
    bits = low > np.median(low[1:])
    return int(sum(1 << at for at, bit in enumerate(bits) if bit))


def remember(scan: Scan, previews: Iterable[tuple[float, bytes]]) -> None:
    if scan.fingerprints.exists():
        return
    Fingerprint.objects.bulk_create(
        Fingerprint.from_bits(scan, time, bits) for time, jpeg in previews for bits in dict.fromkeys(hashes(jpeg))
    )


def similar(scan: Scan, among: Any) -> list[Lookalike]:
    """Of the scans in `among` those that look like this one, the most alike first."""
    nearest: dict[Any, int] = {}
    for own in scan.fingerprints.all():
        # Candidates first, access afterwards: joined, the database would go through all that this person may see.
        for pk, bits in Fingerprint.objects.near(own.unsigned).exclude(scan=scan).values_list("scan_id", "bits"):
            apart = distance(own.bits, bits)
            if apart <= min(NEAR, nearest.get(pk, NEAR)):
                nearest[pk] = apart
    rows = among.filter(pk__in=nearest).listed().in_bulk()
    nearest_rows = sorted(rows.values(), key=lambda row: nearest[row.pk])[:SHOWN]
    return [Lookalike(row, nearest[row.pk]) for row in effective.with_verdicts(nearest_rows)]


def hash_distance(first: Scan, other: Scan) -> int | None:
    """In how many of 64 bits their nearest hashes differ; None where one of them has none."""
    hashes = [[row.bits for row in scan.fingerprints.all()] for scan in (first, other)]
    return min((distance(first, second) for first in hashes[0] for second in hashes[1]), default=None)
