"""The page of models: two people agree on what is heard, after a trial; an admin adds a model by upload."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from scans import analysis
from scans.analysis import routing
from scans.models import Action, Event, Label, LockedCase, PanelVersion, Reason, ReviewQueue, Scan
from scans.review import decisions

from ..conftest import bundle

pytestmark = pytest.mark.django_db
PAGE = "/admin/scans/panelversion/models/"
FUSED = {
    "bundles": {"bright": "trust", "dim": "trust"},
    "fusion": {
        medium: {"weights": {"bright/1": 0.5, "dim/1": 0.5}, "cuts": {"little_below": 0.4, "manipulated_above": 0.9}}
        for medium in ("photo", "film")
    },
}


@pytest.fixture
def two_models(bundles: Path) -> Path:
    bundle(bundles, "dim", 2.0)
    (bundles / "panel.json").write_text(json.dumps(FUSED))
    return bundles


@pytest.fixture
def other_lead(person: Callable[..., User]) -> User:
    return person("other-lead", Role.LEAD)


def as_shown(client: Client) -> dict[str, Any]:
    """What the form holds when the page is opened."""
    form = client.get(PAGE).context["form"]
    return {field.name: field.value() if field.value() is not None else "" for field in form}


@pytest.fixture
def propose(django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., Any]:
    def post(client: Client, **other: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(PAGE, {**as_shown(client), "why": "It errs too often.", **other})

    return post


def answer(client: Client, version: PanelVersion, do: str) -> Any:
    where = reverse("admin:scans_panelversion_answer", args=[version.pk])
    return client.post(where, {"do": do, "back": "models"}, follow=True)


def heard(medium: str) -> list[str]:
    return next(one["bundles"] for one in analysis.media() if one["medium"] == medium)


def test_a_model_is_switched_off_once_another_lead_agrees(
    two_models: Path, lead: User, other_lead: User, as_user: Callable[..., Client], propose: Callable[..., Any]
) -> None:
    mine, theirs = as_user(lead), as_user(other_lead)
    assert propose(mine, **{"word-1": "ignore"}).status_code == 302
    version = PanelVersion.objects.get()
    assert version.changes == {"bundles": {"dim/1": "ignore"}}
    assert answer(mine, version, "approve").status_code == 403, "nobody agrees with themselves"
    assert heard("photo") == ["bright/1", "dim/1"]
    page = theirs.get(PAGE).content.decode()
    assert "dim/1: off" in page
    assert "Trial: 0 locked cases correct" in page
    answer(theirs, version, "approve")
    assert heard("photo") == ["bright/1"]
    verbs = list(Event.objects.filter(kind="setting_changed").order_by("pk").values_list("content__verb", "actor"))
    assert verbs == [("proposed", lead.pk), ("approved", other_lead.pk)]
    assert PanelVersion.current() == version


def test_weights_and_cut_offs_are_those_of_one_medium(
    two_models: Path, lead: User, other_lead: User, as_user: Callable[..., Client], propose: Callable[..., Any]
) -> None:
    propose(as_user(lead), **{"weight-1-film": "0", "low-photo": "30", "high-photo": "95.5"})
    version = PanelVersion.objects.get()
    assert version.changes == {"media": {"photo": {"cuts": [0.3, 0.955]}, "film": {"weights": {"dim/1": 0.0}}}}
    answer(as_user(other_lead), version, "approve")
    photo, film = analysis.cuts_in_force()
    assert (photo.little_below, photo.manipulated_above) == (0.3, 0.955)
    assert (film.little_below, film.manipulated_above) == (0.4, 0.9)
    assert (heard("photo"), heard("film")) == (["bright/1", "dim/1"], ["bright/1"])
    shown = as_shown(as_user(lead))
    assert (shown["low-photo"], shown["high-photo"], shown["weight-1-film"]) == (30.0, 95.5, 0)


def test_the_page_says_who_wrote_the_cut_offs(
    two_models: Path, lead: User, other_lead: User, as_user: Callable[..., Client], propose: Callable[..., Any]
) -> None:
    client = as_user(lead)
    page = client.get(PAGE).content.decode()
    assert page.count("From panel.json in the model folder") == 2
    (two_models / "panel.json").unlink()
    page = client.get(PAGE).content.decode()
    assert "From bright/bundle.json in the model folder, written when this model was trained." in page
    assert "From panel.json" not in page
    (two_models / "panel.json").write_text(json.dumps(FUSED))
    propose(client, **{"low-photo": "30"})
    answer(as_user(other_lead), PanelVersion.objects.get(), "approve")
    page = client.get(PAGE).content.decode()
    assert f"Set on this site: proposed by {lead}, approved by {other_lead}." in page
    assert page.count("From panel.json in the model folder") == 1, "those for videos"


def test_small_faces_have_weights_and_cut_offs_of_their_own(
    two_models: Path, lead: User, other_lead: User, as_user: Callable[..., Client], propose: Callable[..., Any]
) -> None:
    small = {
        "weights": {"bright/1": 1.0, "dim/1": 0.0},
        "cuts": {"little_below": 0.3, "manipulated_above": 0.95},
        "faces_below": 200,
    }
    fusion = {**FUSED["fusion"], "photo_small_faces": small}
    (two_models / "panel.json").write_text(json.dumps({**FUSED, "fusion": fusion}))
    assert "Small faces in photos" in as_user(lead).get(PAGE).content.decode()
    propose(as_user(lead), **{"high-photo_small_faces": "97", "weight-1-photo_small_faces": "0.5"})
    version = PanelVersion.objects.get()
    assert version.changes["media"] == {"photo_small_faces": {"cuts": [0.3, 0.97], "weights": {"dim/1": 0.5}}}
    answer(as_user(other_lead), version, "approve")
    photo, small_faces, film = analysis.media()
    assert (photo["medium"], small_faces["medium"], film["medium"]) == ("photo", "photo", "film")
    assert (photo["faces_below"], small_faces["faces_below"]) == (None, 200)
    assert small_faces["weights"] == {"bright/1": 1.0, "dim/1": 0.5}
    public = as_user(lead).get("/models/").content.decode()
    assert "Faces in photos less than 200 pixels high: bright and dim." in public


def test_what_a_lead_has_not_touched_is_no_proposal(
    two_models: Path, lead: User, as_user: Callable[..., Client], propose: Callable[..., Any]
) -> None:
    refused = propose(as_user(lead))
    assert refused.status_code == 422
    assert "You have not changed anything." in refused.content.decode()
    refused = propose(as_user(lead), **{"low-photo": "96"})
    assert "can&#x27;t be below" in refused.content.decode()
    assert not PanelVersion.objects.exists()


@pytest.fixture
def locked(upload: Callable[..., Scan], bundles: Path, moderator: User) -> Scan:
    """A face that people called real after an appeal."""
    scan = upload()
    decisions.decide(
        routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND), moderator, Label.NOT_MANIPULATED,
        action=Action.KEEP,
    )  # fmt: skip
    LockedCase.objects.create(scan=scan, label=Label.NOT_MANIPULATED)
    return scan


def test_what_gets_a_locked_case_wrong_can_not_be_approved(
    locked: Scan, lead: User, other_lead: User, as_user: Callable[..., Client], propose: Callable[..., Any]
) -> None:
    propose(as_user(lead), **{"low-all": "0", "high-all": "0"})
    version = PanelVersion.objects.get()
    assert f"locked case wrong again: {locked.pk}" in version.refusals[0][0]
    page = as_user(other_lead).get("/admin/scans/panelversion/models/", headers={"Accept-Language": "de"})
    assert f"Entscheidet einen festgehaltenen Fall wieder falsch: {locked.pk}" in page.content.decode()
    page = answer(as_user(other_lead), version, "approve").content.decode()
    assert "It can only be approved after a trial" in page
    assert "The trial failed" in page
    assert PanelVersion.current() is None


def test_before_the_trial_nothing_is_approved_and_it_can_be_tried_again(
    two_models: Path, lead: User, other_lead: User, as_user: Callable[..., Client],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:  # fmt: skip
    client = as_user(lead)
    client.post(PAGE, {**as_shown(client), "word-0": "include", "why": "x"})  # no worker takes it
    version = PanelVersion.objects.get()
    assert "A trial on files that people decided here is running." in client.get(PAGE).content.decode()
    answer(as_user(other_lead), version, "approve")
    assert PanelVersion.current() is None
    with django_capture_on_commit_callbacks(execute=True):
        answer(client, version, "try")
    answer(as_user(other_lead), version, "approve")
    assert PanelVersion.current() == version


def test_a_lead_rolls_back_alone_to_what_two_have_agreed_on(
    two_models: Path, lead: User, other_lead: User, as_user: Callable[..., Client], propose: Callable[..., Any]
) -> None:
    mine, theirs = as_user(lead), as_user(other_lead)
    propose(mine, **{"word-0": "ignore"})
    first = PanelVersion.objects.get()
    answer(theirs, first, "approve")
    propose(mine, **{"word-0": "trust", "word-1": "ignore"})
    second = PanelVersion.objects.latest("pk")
    answer(theirs, second, "approve")
    assert heard("photo") == ["bright/1"]
    answer(mine, first, "restore")
    assert heard("photo") == ["dim/1"]
    second.refresh_from_db()
    assert second.ended_by == lead
    assert Event.objects.filter(content__verb="restored", actor=lead).count() == 1
    answer(mine, first, "end")
    assert heard("photo") == ["bright/1", "dim/1"]
    waiting = PanelVersion.objects.create(changes={"bundles": {"dim/1": "ignore"}}, why="x", proposed_by=lead)
    answer(mine, waiting, "restore")
    assert PanelVersion.current() is None, "nobody else has agreed on that one"


@pytest.mark.parametrize(("who", "status"), [("uploader", 403), ("moderator", 403), ("auditor", 403)])
def test_who_leads_nothing_proposes_nothing(
    who: str, status: int, two_models: Path, request: pytest.FixtureRequest, as_user: Callable[..., Client], lead: User
) -> None:
    client = as_user(request.getfixturevalue(who))
    version = PanelVersion.objects.create(changes={}, expected={"a": 1}, why="x", proposed_by=lead)
    assert client.get(PAGE).status_code == (403 if who == "uploader" else 200)
    assert client.post(PAGE, {"word-0": "ignore", "why": "x"}).status_code == status
    assert answer(client, version, "approve").status_code == status
    assert PanelVersion.current() is None


# -- A model by upload --------------------------------------------------------------------------------


def zipped(folder: Path, top: str = "newer/", **more: bytes) -> SimpleUploadedFile:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for path in folder.iterdir():
            packed.write(path, top + path.name)
        for name, content in more.items():
            packed.writestr(top + name.replace("_", "."), content)
    return SimpleUploadedFile("newer.zip", out.getvalue(), "application/zip")


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    return bundle(tmp_path / "candidates", "newer", 3.0) / "newer"


def send(client: Client, file: SimpleUploadedFile) -> str:
    return client.post(f"{PAGE}upload/", {"file": file}, follow=True).content.decode()


def test_an_uploaded_model_is_installed_and_heard_only_after_two_agreed(
    two_models: Path, newer: Path, admin: User, lead: User, as_user: Callable[..., Client], propose: Callable[..., Any]
) -> None:
    page = send(as_user(admin, proven=True), zipped(newer))
    assert "newer/1 is installed but disabled" in page
    assert heard("photo") == ["bright/1", "dim/1"]
    event = Event.objects.get(content__object="model:newer/1")
    assert event.actor == admin
    assert "model.onnx" in event.content["changes"]
    propose(as_user(admin), **{"word-2": "include"})
    version = PanelVersion.objects.get()
    assert version.changes == {"bundles": {"newer/1": "include"}}
    answer(as_user(lead), version, "approve")
    assert heard("photo") == ["bright/1", "dim/1", "newer/1"]
    assert "is installed already" in send(as_user(admin, proven=True), zipped(newer))
    assert sorted(path.name for path in two_models.iterdir() if path.is_dir()) == ["bright", "dim", "newer-1"]


def test_what_is_no_model_is_refused_in_words(
    two_models: Path, newer: Path, admin: User, as_user: Callable[..., Client]
) -> None:
    client = as_user(admin, proven=True)
    assert "Choose a zip file first" in client.post(f"{PAGE}upload/", {}, follow=True).content.decode()
    assert "can&#x27;t be read." in send(client, SimpleUploadedFile("x.zip", b"nothing of the kind"))
    assert "not part of a model" in send(client, zipped(newer, run_sh=b"echo"))
    (newer / "model.onnx").write_bytes(b"another network")
    assert "not the one its card was written for" in send(client, zipped(newer))
    card = json.loads((newer / "bundle.json").read_text())
    card["weights"] = {"model.keras": "0" * 64}
    (newer / "bundle.json").write_text(json.dumps(card))
    assert "newer/1 is installed" not in send(client, zipped(newer))
    (newer / "bundle.json").unlink()
    assert "must contain one model" in send(client, zipped(newer))
    assert sorted(path.name for path in two_models.iterdir()) == ["bright", "dim", "panel.json"]
    assert not Event.objects.filter(kind="setting_changed").exists()


def test_a_network_that_could_hold_a_program_is_not_taken(
    two_models: Path, newer: Path, admin: User, as_user: Callable[..., Client]
) -> None:
    (newer / "model.onnx").rename(newer / "model.keras")
    card = json.loads((newer / "bundle.json").read_text())
    card["weights"] = {"model.keras": card["weights"]["model.onnx"]}
    (newer / "bundle.json").write_text(json.dumps(card))
    assert "must be in ONNX format" in send(as_user(admin, proven=True), zipped(newer))
    assert not (two_models / "newer-1").exists()


def test_only_an_admin_who_proves_it_is_them_uploads_a_model(
    two_models: Path, newer: Path, admin: User, lead: User, as_user: Callable[..., Client]
) -> None:
    assert as_user(lead, proven=True).post(f"{PAGE}upload/", {"file": zipped(newer)}).status_code == 403
    asked = as_user(admin).post(f"{PAGE}upload/", {"file": zipped(newer)})
    assert asked.status_code == 302
    assert "reauthenticate" in asked["Location"]
    assert not (two_models / "newer-1").exists()
