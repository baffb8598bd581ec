"""Splits of labelled data. A group (a person, a film, an uploader) is in one part only."""

import hashlib

Parts = tuple[tuple[str, int], ...]  # names, each with the percentage up to which it reaches

TRAINING: Parts = (("train", 80), ("validation", 90), ("calibration", 100))


def part_of(group: str, parts: Parts = TRAINING) -> str:
    """The part of a group, from a hash of its name, so that it never changes."""
    percentage = int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) % 100
    return next(name for name, below in parts if percentage < below)
