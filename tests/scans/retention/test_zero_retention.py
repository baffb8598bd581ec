"""A file uploaded without retention is gone directly after its analysis, by whatever way it came; its result stays."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from accounts import keys
from accounts.models import User
from scans import analysis
from scans.evidence import chain, sealing
from scans.models import Batch, Change, Event, ReviewItem, Rule, Scan, WrongState
from scans.updates import change_feed

from ..conftest import portrait
from ..web.test_tus import begin, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(as_user: Callable[..., Client], uploader: User) -> Client:
    return as_user(uploader)


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., Any]:
    return lambda: django_capture_on_commit_callbacks(execute=True)


def by_form(client: Client) -> None:
    client.post("/scans/new/", {"files": [SimpleUploadedFile("me.jpg", portrait())], "zero_retention": "on"})


def by_pieces(client: Client) -> None:
    content = portrait()
    where = begin(client, len(content), filename="me.jpg", zero_retention="on", consents_to_training="on")["Location"]
    send(client, where, 0, content)


def into_a_batch(client: Client) -> None:
    opened = client.post("/scans/batches/", headers={"accept": "application/json"}).json()
    batch = Batch.objects.get()
    assert str(batch.pk) in str(opened)
    file = SimpleUploadedFile("me.jpg", portrait())
    client.post(f"/scans/batches/{batch.pk}/", {"files": [file], "zero_retention": "on"})


def by_program(client: Client) -> None:
    file = SimpleUploadedFile("me.jpg", portrait())
    answer = client.post("/api/v1/scans", {"file": file, "zero_retention": "true"}, headers=with_key())
    assert answer.status_code == 202, answer.content


def with_key() -> dict[str, str]:
    owner = User.objects.get(email__startswith="uploader")
    _key, secret = keys.issue(owner, name="test", scopes=["scans:read", "scans:write"])
    return {"authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("way", [by_form, by_pieces, into_a_batch, by_program])
def test_by_every_way_in_the_file_is_gone_after_its_analysis_and_the_result_stays(
    way: Callable[[Client], None], ann: Client, bundles: Path, own_media: Path, commits: Callable[..., Any]
) -> None:
    Rule.objects.update(share=1, outcomes=[], lowest=None, highest=None)  # everything would be looked at by a person
    with commits():
        way(ann)
    scan = Scan.objects.get()
    assert (scan.status, scan.zero_retention, bool(scan.media)) == ("analysed", True, False)
    assert scan.assessment.score is not None
    assert not scan.consents_to_training
    assert [path for path in own_media.rglob("*") if path.is_file()] == []
    assert not ReviewItem.objects.exists()
    sealing.seal()
    receipt = Event.objects.get(kind="media_deleted", position__isnull=False)
    assert receipt.content["why"] == ["zero_retention"]
    assert receipt.content["receipt"]["sha256"] == scan.sha256
    assert chain.verify().whole


def test_its_page_says_so_and_offers_nothing_that_needs_the_file(
    ann: Client, bundles: Path, commits: Callable[..., Any]
) -> None:
    with commits():
        by_form(ann)
    scan = Scan.objects.get()
    page = ann.get(f"/scans/{scan.pk}/").content.decode()
    assert "right after analysis, as chosen at upload" in page
    assert "treat the result as inconclusive" in page
    for address in (f"/scans/{scan.pk}/media/", f"/scans/{scan.pk}/report.pdf"):
        assert address not in page
        assert ann.get(address).status_code == 404
    assert "Use for training" not in page
    assert ann.get("/scans/").status_code == 200


def test_programs_read_that_it_is_gone_hear_of_it_and_can_t_have_it_judged_again(
    ann: Client, bundles: Path, commits: Callable[..., Any]
) -> None:
    with commits():
        by_program(ann)
    scan = Scan.objects.get()
    media = ann.get(f"/api/v1/scans/{scan.pk}").json()["media"]
    assert media["zero_retention"] is True
    assert media["deleted_at"]
    assert media["delete_after"] is None
    assert ann.post(f"/api/v1/scans/{scan.pk}/rescore", headers=with_key()).status_code == 409
    with pytest.raises(WrongState):
        analysis.reassess(scan)
    out = io.StringIO()
    call_command("rescore", "--dry-run", stdout=out)
    assert out.getvalue().startswith("0 scans")
    change_feed.publish()
    assert "media.deleted" in Change.objects.values_list("kind", flat=True)


def test_the_same_file_is_not_judged_by_the_copy_whose_pictures_are_gone(
    upload: Callable[..., Scan], bundles: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    first = upload(zero_retention=True)
    again = upload()
    assert again.assessment.same_as is None
    assert (first.assessment.artifacts.exists(), again.assessment.artifacts.exists()) == (False, True)
    assert Scan.objects.kept_bytes() == again.bytes


def test_without_the_choice_a_file_is_kept(upload: Callable[..., Scan], bundles: Path) -> None:
    scan = upload()
    assert scan.media.storage.exists(scan.media.name)
    assert scan.media_deleted_at is None
