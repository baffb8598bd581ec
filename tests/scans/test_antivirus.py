"""Files are shown to a virus scanner before they are stored, where the operator has one."""

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from accounts import keys
from accounts.models import User
from scans.models import Batch, Scan
from scans.uploads import antivirus

from .conftest import portrait
from .test_full_disk import left_over

pytestmark = pytest.mark.django_db
BAD = b"this very file is known to be bad"


class Clamd(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Speaks clamd's INSTREAM, and finds a virus in what contains BAD."""

    daemon_threads = True
    most = 1 << 30

    def __init__(self, place: Path) -> None:
        super().__init__(str(place), Session)
        self.seen: list[bytes] = []


class Session(socketserver.StreamRequestHandler):
    server: Clamd

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!L", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        self.server.seen.append(content)
        answer = "stream: Test.Sample FOUND" if BAD in content else "stream: OK"
        if len(content) > self.server.most:
            answer = "INSTREAM size limit exceeded. ERROR"
        self.wfile.write(f"{answer}\0".encode())


@pytest.fixture
def clamd(tmp_path: Path, settings: Any) -> Iterator[Clamd]:
    place = Path(f"/tmp/clamd-{threading.get_ident()}-{tmp_path.name}.ctl")  # a socket's path may have 107 characters
    with Clamd(place) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.CLAMD = str(place)
        yield server
        server.shutdown()
    place.unlink()


def send(client: Client, content: bytes) -> Any:
    return client.post("/scans/new/", {"files": SimpleUploadedFile("me.jpg", content, "image/jpeg")})


def test_a_clean_file_is_stored_after_the_scanner_has_seen_all_of_it(
    clamd: Clamd, as_user: Callable[..., Client], uploader: User
) -> None:
    content = portrait() + bytes(3 << 20)
    send(as_user(uploader), content)
    assert clamd.seen == [content]
    assert Scan.objects.get().bytes == len(content)


def test_a_file_with_a_virus_is_not_stored_on_any_way_in(
    clamd: Clamd, as_user: Callable[..., Client], uploader: User, own_media: Path, caplog: Any
) -> None:
    page = send(as_user(uploader), portrait() + BAD)
    assert page.status_code == 422
    assert "virus scanner" in page.content.decode()
    _key, secret = keys.issue(uploader, name="p", scopes=["scans:write"])
    program = Client(headers={"authorization": f"Bearer {secret}"})
    for address in ("/api/v1/scans", "/api/v1/batches"):
        name = "file" if address.endswith("scans") else "files"
        answer = program.post(address, {name: SimpleUploadedFile("me.jpg", portrait() + BAD, "image/jpeg")})
        if address.endswith("scans"):
            assert (answer.status_code, answer.json()["code"]) == (422, "malware")
    assert Batch.objects.get().refused[0]["code"] == "malware"
    assert not Scan.objects.exists()
    assert left_over(own_media) == []
    assert "Test.Sample FOUND" in caplog.text


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_nobody_waits_for_the_database_while_a_file_is_scanned(
    as_user: Callable[..., Client], uploader: User, own_media: Path, monkeypatch: Any
) -> None:
    inside: list[bool] = []
    monkeypatch.setattr(antivirus, "check", lambda path: inside.append(connection.in_atomic_block))
    _key, secret = keys.issue(uploader, name="p", scopes=["scans:write"])
    program = Client(headers={"authorization": f"Bearer {secret}", "idempotency-key": "a"})
    file = SimpleUploadedFile("me.jpg", portrait(), "image/jpeg")
    assert program.post("/api/v1/scans", {"file": file}).status_code in (200, 202)
    client, content, tus = as_user(uploader), portrait(300), {"tus-resumable": "1.0.0"}
    made = client.post("/scans/tus/", headers={**tus, "upload-length": str(len(content)), "upload-metadata": ""})
    body = "application/offset+octet-stream"
    sent = client.generic("PATCH", made["Location"], content, body, headers={**tus, "upload-offset": "0"})
    assert sent.status_code == 204
    assert inside == [False, False]


def test_without_a_verdict_of_the_scanner_nothing_comes_in(
    clamd: Clamd, as_user: Callable[..., Client], uploader: User, own_media: Path, settings: Any
) -> None:
    clamd.most = 1000  # of its StreamMaxLength
    assert send(as_user(uploader), portrait()).status_code == 503
    settings.CLAMD = f"127.0.0.1:{closed_port()}"
    assert send(as_user(uploader), portrait()).status_code == 503
    assert not Scan.objects.exists()
    assert left_over(own_media) == []


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
