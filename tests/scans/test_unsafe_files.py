"""A file that crashes its decoder fails by itself: its worker goes on with the next."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.test import Client

import detection
from scans.analysis import decoding
from scans.models import Scan, Status

from ..detection import files
from ..detection.sandbox.hostile_jobs import CRASHES

pytestmark = pytest.mark.django_db


@pytest.fixture
def fragile_decoder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The site's decoding processes, with a decoder that has a bug."""
    sandbox = detection.Sandbox(jobs="tests.detection.sandbox.hostile_jobs")
    monkeypatch.setattr(decoding, "_processes", lambda: sandbox)
    yield
    sandbox.close()


def test_only_the_scan_of_a_file_that_crashes_its_decoder_fails(
    fragile_decoder: None, bundles: Path, upload: Callable[..., Scan]
) -> None:
    crashed = upload(files.still("jpeg") + CRASHES)
    assert (crashed.status, crashed.refusal) == (Status.FAILED, "unsafe_to_read")
    assert crashed.failure_message == "This file could not be read safely."
    assert upload().status == Status.ANALYSED


def test_a_scan_is_decoded_in_another_process_unless_that_is_switched_off(
    bundles: Path, upload: Callable[..., Scan], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DECODER_SANDBOX = False
    monkeypatch.setattr(decoding, "_processes", lambda: pytest.fail("a decoding process was used"))
    assert upload().status == Status.ANALYSED


def test_switching_it_off_is_warned_about_and_shown_by_readyz(client: Client, settings: Any) -> None:
    assert "detection.W002" not in {message.id for message in checks.run_checks(tags=["decoding"])}
    settings.DECODER_SANDBOX = False
    assert "detection.W002" in {message.id for message in checks.run_checks(tags=["decoding"])}
    assert "DECODER_SANDBOX=0" in " ".join(client.get("/readyz").json()["problems"]["decoding"])
