"""Files that are named by their address: off unless the operator says so, and then held to the same rules."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scans import fetching
from scans.models import Scan

from ..conftest import portrait
from .conftest import SCANS, Program
from .receiver import Quiet, serving
from .test_network import NONSENSE, REFUSED
from .test_scans import error

pytestmark = pytest.mark.django_db


class Shelf(Quiet):
    """/photo, /page, /round, /away, /huge, and nothing else."""

    def do_GET(self) -> None:  # noqa: N802 (the library's name)
        if self.path in ("/photo", "/page", "/huge"):
            self.send_response(200)
            self.end_headers()
            content = {"/photo": portrait(), "/page": b"<html>no photo</html>" * 9, "/huge": b"x" * (5 << 20)}
            self.wfile.write(content[self.path])
        elif self.path in ("/one", "/round", "/away"):
            to = {"/one": "/photo", "/round": "/round", "/away": "http://169.254.169.254/latest/"}
            self.send_response(302)
            self.send_header("Location", to[self.path])
            self.end_headers()
        elif self.path == "/half":
            self.send_response(200)
            self.send_header("Content-Length", str(len(portrait())))
            self.end_headers()
            self.wfile.write(portrait()[:5000])
        else:
            self.send_error(404)


@pytest.fixture
def shelf(settings: Any) -> Iterator[str]:
    settings.SCANS_URL_FETCH, settings.PRIVATE_TARGETS, settings.MAX_UPLOAD_MB = True, ["127.0.0.1/32"], 2
    with serving(Shelf) as address:
        yield address


def test_it_is_off(own: Program) -> None:
    said = error(own.post(SCANS, {"url": "https://example.org/a.jpg"}), 422, "url_refused")
    assert said["errors"][0] == {"pointer": "/url", "code": "url_refused", "detail": "switched_off"}


@pytest.mark.parametrize("path", ["/photo", "/one"])
def test_a_photo_is_fetched_and_judged(path: str, own: Program, shelf: str) -> None:
    answer = own.post(SCANS, {"url": shelf + path, "external_id": "7", "metadata": {"a": [1, None]}})
    assert answer.status_code in (200, 202)
    said = own.get(answer["Location"]).json()
    assert said["assessment"]["outcome"]
    assert (said["external_id"], said["metadata"]) == ("7", {"a": [1, None]})
    assert (said["media"]["mime"], said["media"]["name"]) == ("image/jpeg", "photo")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/none", 422, "url_failed"), ("/half", 422, "url_failed"),
        ("/round", 422, "url_failed"), ("/away", 422, "url_refused"),
        ("/huge", 413, "file_too_large"), ("/page", 415, "unsupported_media"),
    ],
)  # fmt: skip
def test_what_gives_no_file_is_refused_and_nothing_is_left(
    path: str, status: int, code: str, own: Program, shelf: str, own_media: Path
) -> None:
    error(own.post(SCANS, {"url": shelf + path}), status, code)
    assert not Scan.objects.exists()
    assert not list((own_media / "incoming").glob("*"))


@pytest.mark.parametrize("address", [*REFUSED, *(one for one in NONSENSE if one)])
def test_nothing_of_one_s_own_network_is_fetched(address: str, own: Program, settings: Any) -> None:
    settings.SCANS_URL_FETCH = True
    error(own.post(SCANS, {"url": address}), 422, "url_refused")


def test_only_so_many_are_fetched_at_once(own: Program, shelf: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_fetching", threading.BoundedSemaphore(1))
    fetching._fetching.acquire()
    answer = own.post(SCANS, {"url": f"{shelf}/photo"})
    error(answer, 503, "busy")
    assert int(answer["Retry-After"]) >= 1
