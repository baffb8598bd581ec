"""Test keys: every outcome by name, no model and no person bothered, and nothing of it among what is real."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pypdf import PdfReader

from accounts import keys
from accounts.models import User
from scans import analysis
from scans.analysis import runs, sandbox
from scans.models import Outcome, ReviewItem, Rule, Scan, WrongState
from scans.updates import change_feed

from ..conftest import portrait
from .conftest import SCANS, Program
from .test_scans import error

pytestmark = pytest.mark.django_db


@pytest.fixture
def trying(django_capture_on_commit_callbacks: Callable[..., Any], uploader: User, settings: Any) -> Program:
    settings.LIMITS = {**settings.LIMITS, "upload": {"visitor": "1000/1m"}}
    _key, secret = keys.issue(uploader, name="try", scopes=["scans:read", "scans:write"], test=True)
    return Program(secret, django_capture_on_commit_callbacks)


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def touched(*_asked: Any, **_options: Any) -> None:
        raise AssertionError("a model was asked")

    monkeypatch.setattr(runs.detection, "inspect", touched, raising=False)
    monkeypatch.setattr(runs, "panel", touched)
    monkeypatch.setattr(analysis, "panel", touched)


def submit(program: Program, name: str) -> Any:
    with program.run(execute=True):
        return program.client.post(SCANS, {"file": SimpleUploadedFile(name, portrait())})


@pytest.mark.parametrize("outcome", Outcome.values)
def test_every_outcome_by_its_name(outcome: str, trying: Program) -> None:
    Rule.objects.update(outcomes=[], share=1.0, active=True)
    said = trying.get(submit(trying, f"{outcome}-3.jpg")["Location"]).json()
    assert said["sandbox"] is True
    assert (said["status"], said["assessment"]["outcome"]) == ("analysed", outcome)
    assert said["effective"]["outcome"] == outcome
    assert said["assessment"]["panel_id"] == "sandbox"
    assert not ReviewItem.objects.exists(), "nobody at the desk is bothered"


def test_failing_and_waiting_by_their_names(trying: Program) -> None:
    assert trying.get(submit(trying, "failed.jpg")["Location"]).json()["failure"]["code"] == "undecodable"
    waits = submit(trying, "waiting.jpg")
    assert waits.status_code == 202
    assert trying.get(waits["Location"]).json()["status"] == "queued"
    assert trying.post(f"{waits['Location']}/cancel").json()["status"] == "cancelled"
    error(trying.post(f"{submit(trying, 'inconclusive.jpg')['Location']}/rescore"), 409, "wrong_state")


def test_other_names_lead_to_little_evidence(trying: Program) -> None:
    assert sandbox.scenario_of("holiday.jpg") == "little_evidence"
    assert trying.get(submit(trying, "holiday.jpg")["Location"]).json()["effective"]["outcome"] == "little_evidence"


def test_neither_world_sees_the_other(trying: Program, program: Callable[..., Program], uploader: User) -> None:
    where = submit(trying, "inconclusive.jpg")["Location"]
    live = program(uploader)
    error(live.get(where), 404, "not_found")
    change_feed.publish()
    for path in ("scans", "changes", "events"):
        assert live.get(f"/api/v1/{path}").json()["results"] == []
        assert trying.get(f"/api/v1/{path}").json()["results"]


def test_it_is_stamped_on_the_page_and_the_report(
    trying: Program, as_user: Callable[..., Client], uploader: User
) -> None:
    scan = Scan.objects.get(pk=submit(trying, "likely_manipulated.jpg").json()["id"])
    page = as_user(uploader).get(scan.get_absolute_url())
    assert "This file was not analysed" in page.content.decode()
    pdf = b"".join(trying.get(f"{SCANS}/{scan.pk}/report"))
    assert "Sandbox" in PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


def test_a_worker_refuses_to_judge_it(trying: Program) -> None:
    scan = Scan.objects.get(pk=submit(trying, "waiting.jpg").json()["id"])
    with pytest.raises(WrongState):
        analysis.analyse(scan)


def test_a_try_is_not_answered_again_to_what_is_meant(
    trying: Program, program: Callable[..., Program], uploader: User
) -> None:
    def send(by: Program) -> Any:
        file = SimpleUploadedFile("waiting.jpg", portrait())
        return by.client.post(SCANS, {"file": file}, headers={"Idempotency-Key": "order-7"})

    assert send(trying).json()["sandbox"]
    error(send(program(uploader)), 422, "idempotency_mismatch")
