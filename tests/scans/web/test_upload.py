"""Handing in by the form, without a script; and what is turned away."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import roles
from accounts.models import User
from scans.models import Batch, Scan, Source

from ...detection import files
from ..conftest import portrait
from .conftest import photo

pytestmark = pytest.mark.django_db
PROGRAM = {"accept": "application/json"}


def left_over(media: Path) -> list[Path]:
    return list((media / "incoming").glob("*"))


def test_a_photo_goes_from_the_form_to_its_result(hand_in: Callable[..., Any], ann: Client, bundles: Path) -> None:
    answer = hand_in(photo())
    scan = Scan.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/scans/{scan.pk}/")
    page = ann.get(answer["Location"]).content.decode()
    assert "What it does not mean" in page
    assert scan.source == Source.SITE
    assert not scan.consents_to_training


def test_consent_to_training_is_kept_and_taken_back(hand_in: Callable[..., Any], ann: Client) -> None:
    hand_in(photo(), consents_to_training="on")
    scan = Scan.objects.get()
    assert scan.consents_to_training
    ann.post(f"/scans/{scan.pk}/consent/")
    scan.refresh_from_db()
    assert not scan.consents_to_training
    assert scan.events.filter(kind="consent", content={"training": False}).exists()


def test_a_program_gets_an_address(hand_in: Callable[..., Any], ann: Client) -> None:
    answer = ann.post("/scans/new/", {"files": [photo()]}, headers=PROGRAM)
    assert answer.status_code == 201
    assert answer.json()["url"] == f"/scans/{Scan.objects.get().pk}/"


@pytest.mark.parametrize(
    ("file", "status", "said"),
    [
        (
            SimpleUploadedFile("page.jpg", b"<html><script>alert(1)</script></html>"),
            415,
            "not a supported image or video",
        ),
        (SimpleUploadedFile("nothing.png", b""), 422, "empty"),
        (SimpleUploadedFile("song.mp3", b"ID3" + b"\0" * 2000), 415, "not a supported image or video"),
    ],
)
def test_what_can_not_be_read_is_refused_in_words(
    file: SimpleUploadedFile, status: int, said: str, hand_in: Callable[..., Any], own_media: Path
) -> None:
    answer = hand_in(file)
    assert answer.status_code == status
    assert said in answer.content.decode()
    assert "JPEG, PNG, WebP" in answer.content.decode()
    assert not Scan.objects.exists()
    assert left_over(own_media) == []


def test_a_file_that_is_too_large_is_not_read_to_its_end(
    ann: Client, settings: Any, own_media: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MAX_UPLOAD_MB = 1

    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n' + b"\xff" * (6 << 20)
    stream = io.BytesIO(body + b"\r\n--x--\r\n")
    answer = ann.generic(
        "POST", "/scans/new/", CONTENT_TYPE="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(len(stream.getvalue())), **{"wsgi.input": stream},
    )  # fmt: skip
    assert answer.status_code == 413
    assert "1 MB are allowed" in answer.content.decode()
    assert stream.tell() < 4 << 20
    assert left_over(own_media) == []
    assert "upload refused" in caplog.text


def test_nothing_is_read_of_somebody_who_may_not_send(client: Client, own_media: Path) -> None:
    assert client.post("/scans/new/", {"files": [photo()]})["Location"].startswith("/accounts/login/")
    assert not own_media.exists()


def test_a_file_in_a_form_that_takes_none_goes_nowhere(ann: Client, own_media: Path) -> None:
    ann.post("/profile/", {"name": "Ann", "time_zone": "UTC", "language": "", "file": photo()})
    assert not own_media.exists()


def test_a_form_without_its_token_leaves_no_file(uploader: User, own_media: Path) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(uploader)
    assert client.post("/scans/new/", {"files": [photo()]}).status_code == 403
    assert left_over(own_media) == []


def test_the_sixth_upload_of_a_minute_waits(hand_in: Callable[..., Any], ann: Client) -> None:
    answers = [hand_in(photo(f"{n}.jpg", 200 + n)) for n in range(6)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert int(answers[5]["Retry-After"]) > 0
    assert Scan.objects.count() == 5


def test_a_role_may_have_a_limit_of_its_own(
    hand_in: Callable[..., Any], as_user: Callable[..., Client], person: Callable[..., User], settings: Any
) -> None:
    settings.LIMITS["upload"]["visitor"] = {"": "1/1m", "integrator": "3/1m"}
    both = as_user(person("both", roles.UPLOADER, roles.INTEGRATOR))
    said = [hand_in(photo(f"{n}.jpg", 200 + n), client=both).status_code for n in range(4)]
    settings.LIMITS["upload"]["visitor"] = {"": "5/1m"}
    assert said == [302, 302, 302, 429]


def test_a_quota_is_kept_and_freed_by_deleting(hand_in: Callable[..., Any], ann: Client, settings: Any) -> None:
    settings.QUOTA_MB = 1
    Scan.objects.create(owner=User.objects.get(), name="old", sha256="0" * 64, bytes=(1 << 20) - 10, status="failed")
    assert hand_in(photo()).status_code == 413
    ann.post(f"/scans/{Scan.objects.get().pk}/delete/")
    assert hand_in(photo()).status_code == 413, "the trash counts"
    ann.post(f"/scans/{Scan.objects.get().pk}/purge/")
    assert hand_in(photo()).status_code == 302


def test_a_full_disk_is_said_before_anything_is_taken(hand_in: Callable[..., Any], settings: Any) -> None:
    settings.MIN_FREE_DISK_MB = 10**9
    answer = hand_in(photo())
    assert answer.status_code == 507
    assert "no disk space" in answer.content.decode()


# -- The camera ----------------------------------------------------------------------------------------


def test_pictures_of_the_camera_become_one_scan(
    ann: Client, bundles: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    frames = [SimpleUploadedFile(f"{n}.jpg", portrait(400)) for n in range(8)]
    with django_capture_on_commit_callbacks(execute=True):
        answer = ann.post("/scans/camera/", {"frames": frames}, headers=PROGRAM)
    assert answer.status_code == 201
    scan = Scan.objects.get()
    assert (scan.source, scan.kind, scan.status) == (Source.CAMERA, "video", "analysed")
    assert len(scan.assessment.inspection["frames"]) == 8


@pytest.mark.parametrize(
    "frames",
    [[], [b"no jpeg"], [files.still("png")] * 3, ["other sizes"], [b"\xff\xd8\xff"] * 2, ["too many"]],
    ids=["none", "text", "png", "sizes", "cut", "many"],
)
def test_a_strange_capture_is_refused(frames: list[Any], ann: Client, own_media: Path) -> None:
    if frames == ["other sizes"]:
        frames = [portrait(300), portrait(320)]
    if frames == ["too many"]:
        frames = [portrait(100)] * 33
    given = [SimpleUploadedFile(f"{n}.jpg", frame) for n, frame in enumerate(frames)]
    assert ann.post("/scans/camera/", {"frames": given}, headers=PROGRAM).status_code in (415, 422)
    assert not Scan.objects.exists()
    assert left_over(own_media) == []


def test_a_form_that_is_sent_again_gives_the_same_scan(
    hand_in: Callable[..., Any], ann: Client, bob: Client, uploader: User, bundles: Path
) -> None:
    page = ann.get("/scans/new/").content.decode()
    key = page.split('name="key" value="')[1].split('"')[0]
    first, again = (hand_in(photo(), key=key) for _send in range(2))
    assert first["Location"] == again["Location"] == f"/scans/{Scan.objects.get().pk}/"
    assert key not in ann.get("/scans/new/").content.decode()
    hand_in(photo(side=300), key=key)
    assert Scan.objects.count() == 2, "another file, chosen on the same page"
    hand_in(photo(), key=key, client=bob)
    assert Scan.objects.count() == 3
    batch = Batch.objects.create(owner=uploader)
    for _send in range(2):
        hand_in(photo(side=200), key=f"{key} 1", to=f"/scans/batches/{batch.pk}/")
    assert batch.scans.count() == 1


def test_a_form_that_was_refused_can_be_sent_again(hand_in: Callable[..., Any], bundles: Path) -> None:
    nothing = SimpleUploadedFile("nothing.png", b"")
    assert [hand_in(nothing, key="k").status_code for _send in range(2)] == [422, 422]


def test_a_form_with_several_files_that_is_sent_again_takes_each_in_once(hand_in: Callable[..., Any]) -> None:
    first = hand_in(photo("a.jpg", 200), photo("b.jpg", 210), SimpleUploadedFile("c.txt", b"no"), key="k")
    again = hand_in(photo("a.jpg", 200), photo("b.jpg", 210), SimpleUploadedFile("c.txt", b"no"), key="k")
    assert first["Location"] == again["Location"]
    batch = Batch.objects.get()
    assert sorted(batch.scans.values_list("name", flat=True)) == ["a.jpg", "b.jpg"]
    assert [row["name"] for row in batch.refused] == ["c.txt"]
    other = hand_in(photo("a.jpg", 200), photo("d.jpg", 220), key="k")
    assert other["Location"] != first["Location"], "the key goes with the files"


def test_a_form_that_broke_off_goes_on_where_it_was(
    hand_in: Callable[..., Any], uploader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scans import models
    from scans.uploads import intake

    real, taken = intake.add, []

    def break_off(*args: Any, **options: Any) -> Any:
        if len(taken) == 1:
            taken.append("broken")
            raise ConnectionError
        taken.append(args[1])
        return real(*args, **options)

    monkeypatch.setattr(intake, "add", break_off)
    files_ = [("a.jpg", 200), ("b.jpg", 210), ("c.jpg", 220)]
    with pytest.raises(ConnectionError):
        hand_in(*(photo(*each) for each in files_), key="k")
    models.Replay.objects.update(begun_at=models.Replay.objects.get().begun_at - 2 * models.replay.ABANDONED)
    hand_in(*(photo(*each) for each in files_), key="k")
    assert sorted(Batch.objects.get().scans.values_list("name", flat=True)) == ["a.jpg", "b.jpg", "c.jpg"]


def test_a_refusal_says_what_to_do(ann: Client) -> None:
    answer = ann.post("/scans/new/", {"files": [SimpleUploadedFile("a.jpg", b"no")]}, headers=PROGRAM)
    assert answer.json()["advice"] == "Save it as JPEG, PNG or MP4, and upload it again."
    page = ann.post("/scans/new/", {"files": [SimpleUploadedFile("a.jpg", b"no")]}).content.decode()
    assert "Save it as JPEG, PNG or MP4, and upload it again." in page


def test_a_form_without_files_asks_for_one(ann: Client) -> None:
    answer = ann.post("/scans/new/", {})
    assert answer.status_code == 422
    assert "Choose a file first." in answer.content.decode()


def test_an_address_is_taken_only_where_the_operator_allows_it(ann: Client, settings: Any) -> None:
    assert 'name="address"' not in ann.get("/scans/new/").content.decode()
    refused = ann.post("/scans/new/", {"address": "https://example.org/a.jpg"}, headers=PROGRAM)
    assert (refused.status_code, refused.json()["code"]) == (422, "url_refused")
    settings.SCANS_URL_FETCH = True
    assert 'name="address"' in ann.get("/scans/new/").content.decode()
    private = ann.post("/scans/new/", {"address": "http://127.0.0.1/a.jpg"}, headers=PROGRAM)
    assert (private.status_code, private.json()["code"]) == (422, "url_refused")
    batch = Batch.objects.create(owner_id=ann.session["_auth_user_id"])
    ann.post(batch.get_absolute_url(), {"address": "http://127.0.0.1/a.jpg"}, headers=PROGRAM)
    batch.refresh_from_db()
    assert [row["code"] for row in batch.refused] == ["url_refused"], "the batch's page lists it"
