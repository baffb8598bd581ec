"""Mutated files: nothing but pictures or our own refusals may come out of them."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detection.errors import DetectionError
from detection.limits import Limits

from . import files
from .test_hostile_files import read

ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "40"))  # for each format
SEEDS = [*files.STILLS, *(f"animated {form}" for form in files.ANIMATED), *files.FILMS]


def seed(name: str) -> bytes:
    if name in files.STILLS:
        return files.still(name, 32)
    if name.startswith("animated "):
        return files.animated(name.split()[1], 4, 24)
    return files.of(name)


@st.composite
def harm(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes changed, cut out, doubled, or taken from elsewhere; more often near the head, where structure is."""
    spoilt = bytearray(content)
    for _ in range(draw(st.integers(1, 6))):
        size = len(spoilt)
        if size < 16:
            break
        reach = size - 1 if draw(st.booleans()) else min(size - 1, 200)
        at = draw(st.integers(4, max(4, reach)))
        kind = draw(st.sampled_from(("flip", "write", "cut", "double", "move", "end")))
        span = draw(st.integers(1, max(1, min(64, size - at))))
        if kind == "flip":
            spoilt[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "write":
            spoilt[at : at + span] = draw(st.sampled_from((b"\xff", b"\x00", b"\x7f", b"\x80"))) * span
        elif kind == "cut":
            del spoilt[at : at + span]
        elif kind == "double":
            spoilt[at:at] = spoilt[at : at + span]
        elif kind == "move":
            other = draw(st.integers(0, size - 1))
            spoilt[at : at + span] = spoilt[other : other + span]
        else:
            del spoilt[max(8, at) :]
    return bytes(spoilt)


@pytest.mark.parametrize("name", SEEDS)
def test_a_spoilt_file_is_read_or_refused(name: str, tmp_path: Path) -> None:
    content = seed(name)
    path = tmp_path / "spoilt"

    @settings(
        max_examples=ROUNDS, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(harm(content))
    def attack(spoilt: bytes) -> None:
        path.write_bytes(spoilt)
        try:
            read(path, Limits(wall_seconds=10, pixels=2_000_000))
        except DetectionError as refusal:
            assert str(refusal)

    attack()
