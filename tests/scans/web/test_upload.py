"""Handing in by the form, without a script; and what is turned away."""

import io
import zipfile
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


def test_a_file_that_is_too_large_is_not_read_to_its_end(ann: Client, settings: Any, own_media: Path) -> None:
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


# -- Several at once -----------------------------------------------------------------------------------


def test_several_files_become_a_batch_and_a_bad_one_spoils_nothing(
    hand_in: Callable[..., Any], ann: Client, bundles: Path
) -> None:
    answer = hand_in(photo("a.jpg", 300), SimpleUploadedFile("bad.jpg", b"no picture"), photo("b.jpg", 310))
    batch = Batch.objects.get()
    assert answer["Location"] == f"/scans/batches/{batch.pk}/"
    page = ann.get(answer["Location"]).content.decode()
    assert "2 of 2 analysed" in page
    assert '<b>bad.jpg</b> <span class="quiet">This file is not a supported image or video' in page
    assert sorted(batch.scans.values_list("name", flat=True)) == ["a.jpg", "b.jpg"]


def test_files_come_one_by_one_into_an_open_batch(hand_in: Callable[..., Any], ann: Client, bob: Client) -> None:
    opened = ann.post("/scans/batches/", headers=PROGRAM).json()
    for number in range(7):  # more than five: the batch was counted when it was opened
        assert hand_in(photo(f"{number}.jpg", 200 + number), to=opened["url"], headers=PROGRAM).status_code in (
            201,
            302,
        )
    assert Batch.objects.get().scans.count() == 7
    assert bob.post(opened["url"], {"files": [photo()]}).status_code == 404
    assert bob.get(opened["url"]).status_code == 404


def packed(**entries: bytes) -> SimpleUploadedFile:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return SimpleUploadedFile("all.zip", out.getvalue())


def test_an_archive_is_opened(hand_in: Callable[..., Any], bundles: Path) -> None:
    hand_in(
        packed(**{"in/a.jpg": portrait(300), "b.png": files.still("png"), "__MACOSX/._a.jpg": b"x", "note.txt": b"x"})
    )
    batch = Batch.objects.get()
    assert sorted(batch.scans.values_list("name", flat=True)) == ["a.jpg", "b.png"]
    assert [(one["name"], one["code"]) for one in batch.refused] == [("note.txt", "unknown_format")]


@pytest.mark.parametrize(
    ("archive", "code"),
    [
        (packed(**{"../../etc/passwd.jpg": b"x"}), "unsafe_path"),
        (packed(**{"/etc/passwd.jpg": b"x"}), "unsafe_path"),
        (packed(**{"C:\\windows\\a.jpg": b"x"}), "unsafe_path"),
        (packed(**{"inner.zip": packed(a=b"x").read()}), "nested_archive"),
        (packed(**{"zeros.bmp": b"\0" * (30 << 20)}), "archive_bomb"),
        (packed(**{f"{n}.jpg": b"x" for n in range(101)}), "too_many_files"),
        (packed(), "empty"),
        (SimpleUploadedFile("cut.zip", packed(**{"a.jpg": portrait(300)}).read()[:200]), "bad_archive"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_dangerous_archive_is_refused_by_name(archive: Any, code: str, hand_in: Callable[..., Any]) -> None:
    archive.seek(0)
    hand_in(archive)
    assert [one["code"] for one in Batch.objects.get().refused] == [code]
    assert not Scan.objects.exists()


def test_an_archive_that_lies_about_its_sizes_costs_no_more_than_the_limit(
    hand_in: Callable[..., Any], settings: Any, own_media: Path
) -> None:
    settings.MAX_UPLOAD_MB = 2
    content = packed(**{"a.bmp": b"BM" + bytes(range(256)) * (3 << 12)}).read()
    patched = content.replace((2 + (3 << 20)).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    hand_in(SimpleUploadedFile("liar.zip", patched))
    assert len(Batch.objects.get().refused) == 1
    assert not Scan.objects.exists()
    assert left_over(own_media) == []


def test_an_empty_file_among_others_is_listed_as_not_taken_in(
    ann: Client, bundles: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    given = [SimpleUploadedFile("a.jpg", portrait(200)), SimpleUploadedFile("zero.jpg", b"")]
    with django_capture_on_commit_callbacks(execute=True):
        page = ann.post("/scans/new/", {"files": given}, follow=True).content.decode()
    assert "Not uploaded" in page
    assert '<b>zero.jpg</b> <span class="quiet">This file is empty. Save or download it again.' in page


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


def test_an_archive_sent_by_the_script_is_answered_with_its_batch(hand_in: Callable[..., Any], ann: Client) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.jpg", portrait(200))
    file = SimpleUploadedFile("all.zip", packed.getvalue())
    answer = ann.post("/scans/new/", {"files": [file], "key": "z"}, headers=PROGRAM)
    batch = Batch.objects.get()
    assert (answer.status_code, answer.json()) == (201, {"id": str(batch.pk), "url": batch.get_absolute_url()})


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
