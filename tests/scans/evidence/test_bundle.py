"""The evidence bundle: verified by its own script, and every change to it fails the claim that it touches."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from accounts.models import User
from scans.evidence import verify_bundle
from scans.models import Event, ReviewItem, Scan
from scans.review import decisions, queue

SCRIPT = Path(verify_bundle.__file__)


@pytest.fixture
def scan(bundles: Any, upload: Callable[..., Scan]) -> Scan:
    return upload()


@pytest.fixture
def download(scan: Scan, as_user: Callable[..., Client]) -> Callable[..., dict[str, bytes]]:
    """The files of a bundle, as this person gets it."""

    def get(person: User, query: str = "") -> dict[str, bytes]:
        answer = as_user(person).get(f"/scans/{scan.pk}/evidence.zip{query}")
        assert answer.status_code == 200
        with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:  # type: ignore[attr-defined]
            return {name: archive.read(name) for name in archive.namelist()}

    return get


def verify(folder: Path, files: dict[str, bytes], *key: str) -> tuple[int, str]:
    """By the script alone, without anything of this site."""
    with zipfile.ZipFile(folder / "bundle.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    run = [sys.executable, "-I", str(SCRIPT), str(folder / "bundle.zip"), *key]
    answer = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False, cwd=folder)
    return answer.returncode, answer.stdout + answer.stderr


def decided(scan: Scan, moderator: User) -> None:
    ReviewItem.objects.filter(scan=scan).delete()
    item = queue.routing.put(scan, queue.ReviewQueue.objects.first(), "hand")  # type: ignore[attr-defined, arg-type]
    queue.claim(item, moderator)
    decisions.decide(item, moderator, "inconclusive", public_note="Too small to tell.")  # type: ignore[arg-type]


def test_a_bundle_is_verified_offline_by_its_own_script(
    scan: Scan, download: Any, moderator: User, uploader: User, client: Client, settings: Any, tmp_path: Path
) -> None:
    settings.SETTLE_SECONDS = 0
    decided(scan, moderator)
    key = client.get("/.well-known/signing-keys.json").json()["keys"][0]["public"]
    for person in (uploader, moderator):
        files = download(person)
        code, output = verify(tmp_path, files, key)
        assert (code, output.count("FAIL"), output.count("NOTE")) == (0, 0, 0), output
        for sentence in (
            f"manifest was signed by {key}", scan.sha256, "audit chain, up to a signed anchor", "assessment ",
            "decision ", "report was issued",
        ):  # fmt: skip
            assert sentence in output
        assert files["verify_bundle.py"] == SCRIPT.read_bytes()
    assert len(SCRIPT.read_text().splitlines()) < 100


CHANGES: dict[str, tuple[str, Callable[[Any], None], str]] = {
    "score": ("record.json", lambda d: d["assessments"][0]["statement"].update(score=0.01), "assessment"),
    "inspection": ("record.json", lambda d: d["assessments"][0]["details"]["inspection"].update(x=1), "assessment"),
    "weights": (
        "record.json",
        lambda d: d["assessments"][0]["statement"]["findings"][0].update(weights="0"),
        "assessm",
    ),
    "label": ("record.json", lambda d: d["decisions"][0]["statement"].update(label="manipulated"), "decision"),
    "note": ("record.json", lambda d: d["decisions"][0]["details"].update(note="x"), "decision"),
    "hash": ("record.json", lambda d: d.update(sha256="0" * 64), "the original"),
    "time": ("audit.json", lambda d: d["events"][0].update(at="2020-01-01T00:00:00.000000+00:00"), "events are"),
    "actor": ("audit.json", lambda d: d["events"][0]["actor"].update(value=99), "events are"),
    "event of another scan": ("audit.json", lambda d: d["events"][0].update(scan="x"), "events are"),
    "anchor": ("audit.json", lambda d: d["anchors"][0].update(statement=d["anchors"][0]["statement"] + " "), "anchors"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_changed_fails_its_claim_even_if_the_manifest_is_made_anew(
    scan: Scan, download: Any, moderator: User, tmp_path: Path, change: str
) -> None:
    """Without the key a forger can fit the manifest to the change, and fails both claims all the same."""
    decided(scan, moderator)
    files = download(moderator)
    name, alter, claim = CHANGES[change]
    content = json.loads(files[name])
    alter(content)
    files[name] = json.dumps(content).encode()
    code, output = verify(tmp_path, files)
    assert code == 1
    assert "FAIL the files are those of the manifest" in output
    manifest = json.loads(files["manifest.json"])
    manifest["files"][name] = hashlib.sha256(files[name]).hexdigest()
    files["manifest.json"] = json.dumps(manifest).encode()
    _code, output = verify(tmp_path, files)
    failed = [line for line in output.splitlines() if line.startswith("FAIL")]
    assert any("the manifest was signed" in line for line in failed)
    assert any(claim in line for line in failed), output


def test_another_original_and_an_added_file_are_found(download: Any, uploader: User, tmp_path: Path) -> None:
    files = download(uploader)
    original = next(name for name in files if name.startswith("original"))
    code, output = verify(tmp_path, {**files, original: b"x"})
    assert code == 1 and "FAIL the original" in output
    code, output = verify(tmp_path, {**files, "more.txt": b"x"})
    assert code == 1 and "FAIL the files" in output
    code, output = verify(tmp_path, files, "00" * 32)
    assert code == 1 and "FAIL the manifest was signed" in output


def test_a_redacted_bundle_tells_neither_names_nor_people_and_is_verified_all_the_same(
    scan: Scan, download: Any, moderator: User, tmp_path: Path
) -> None:
    decided(scan, moderator)
    files = download(moderator, "?redacted")
    assert not [name for name in files if name.startswith(("original", "report"))]
    said_of_it = b"".join(files.values()).decode()
    assert scan.name not in said_of_it and "Too small to tell" not in said_of_it
    record, audit = json.loads(files["record.json"]), json.loads(files["audit.json"])
    assert record["assessments"][0]["details"] == {} and "decider" not in record["decisions"][0]
    assert all(set(event["actor"]) == {"digest"} for event in audit["events"])
    code, output = verify(tmp_path, files)
    assert code == 0, output


def test_an_uploader_learns_nothing_of_the_desk_from_a_bundle(
    scan: Scan, download: Any, moderator: User, uploader: User
) -> None:
    decided(scan, moderator)  # not settled yet
    files = download(uploader)
    assert json.loads(files["record.json"])["decisions"] == []
    audit = json.loads(files["audit.json"])
    assert {event["kind"] for event in audit["events"]} <= {"queued", "analysing", "analysed", "report"}
    assert all("value" not in event["actor"] for event in audit["events"])


def test_who_may_not_see_the_outcome_gets_no_bundle_and_a_download_is_an_event(
    scan: Scan, as_user: Callable[..., Client], uploader: User, stranger: User, moderator: User
) -> None:
    where = f"/scans/{scan.pk}/evidence.zip"
    assert as_user(stranger).get(where).status_code == 404
    queue.routing.put(scan, queue.ReviewQueue.objects.first(), "hand", blind=True)  # type: ignore[attr-defined, arg-type]
    ReviewItem.objects.update(blind=True)
    assert as_user(moderator).get(where).status_code == 403
    assert not Event.objects.filter(kind="exported").exists()
    answer = as_user(uploader).get(where)
    assert b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    exported = Event.objects.get(kind="exported")
    assert (exported.scan, exported.actor) == (scan, uploader)
    assert "Evidence" in as_user(uploader).get(f"/scans/{scan.pk}/").content.decode()
    assert as_user(uploader).get(f"/scans/{scan.pk}/evidence/").status_code == 200


def test_after_a_change_of_keys_the_earlier_one_stays_published(
    download: Any, uploader: User, client: Client, settings: Any, tmp_path: Path
) -> None:
    settings.SIGNING_KEYS = ["first"]
    files = download(uploader)
    old = json.loads(files["signature.json"])["public"]
    settings.SIGNING_KEYS = ["second", "first"]
    page = client.get("/signing-keys/").content.decode()
    new = json.loads(download(uploader)["signature.json"])["public"]
    assert old != new
    assert old in page and new in page
    assert verify(tmp_path, files, old)[0] == 0


@pytest.mark.parametrize("number", range(8))
def test_the_scripts_own_ed25519_agrees_with_the_librarys(number: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    public, message = key.public_key().public_bytes_raw().hex(), b"message" * number
    signature = key.sign(message).hex()
    assert verify_bundle.is_signed(public, message, signature)
    assert not verify_bundle.is_signed(public, message + b"x", signature)
    assert not verify_bundle.is_signed(public, message, signature[:-2] + "00")
    assert not verify_bundle.is_signed(public[:-2] + "00", message, signature)
    order = 2**252 + 27742317777372353535851937790883648493
    doubled = int.from_bytes(bytes.fromhex(signature[64:]), "little") + order
    if doubled < 2**256:
        assert not verify_bundle.is_signed(public, message, signature[:64] + doubled.to_bytes(32, "little").hex())
