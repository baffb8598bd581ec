"""Files that are named by their address: off unless the operator says so, and then held to the same rules."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from scans import network
from scans.models import Scan
from scans.uploads import fetching
from scans.uploads.intake import Refused

from ..conftest import portrait
from . import hostile
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
        elif self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to?"))
            self.end_headers()
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
    monkeypatch.setattr(fetching, "_places", threading.BoundedSemaphore(1))
    monkeypatch.setattr(fetching, "PATIENCE", 0.1)
    fetching._places.acquire()
    answer = own.post(SCANS, {"url": f"{shelf}/photo"})
    error(answer, 503, "busy")
    assert int(answer["Retry-After"]) >= 1


@pytest.mark.parametrize("how", hostile.WAYS)
def test_an_address_that_never_ends_is_given_up_in_time(
    how: str, shelf: str, monkeypatch: pytest.MonkeyPatch, own_media: Path
) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.6)
    began = time.monotonic()
    with hostile.listening(how) as url, pytest.raises(network.Unreachable, match="timeout"):
        fetching.fetch(url, 1)
    assert time.monotonic() - began < 3
    assert not list((own_media / "incoming").glob("*"))


def test_redirects_share_one_deadline(shelf: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.6)
    began = time.monotonic()
    with hostile.listening("body") as url, pytest.raises(network.Unreachable, match="timeout"):
        fetching.fetch(f"{shelf}/to?{url}", 1)
    assert time.monotonic() - began < 3


def test_slow_addresses_leave_places_for_prompt_ones(
    shelf: str, monkeypatch: pytest.MonkeyPatch, own_media: Path
) -> None:
    """Four people's addresses drip at once and fill every place; two of them are given up as soon as they are slow."""
    monkeypatch.setattr(fetching, "SLOW", 0.4)
    with hostile.listening("body") as url:
        ends: list[float] = []
        began = time.monotonic()

        def fetch(person: int) -> None:
            with contextlib.suppress(network.Unreachable):
                fetching.fetch(url, person)
            ends.append(time.monotonic() - began)

        monkeypatch.setattr(fetching, "SECONDS", 6.0)
        crowd = [threading.Thread(target=fetch, args=(person,)) for person in range(fetching.AT_ONCE)]
        for thread in crowd:
            thread.start()
        held = fetching.fetch(f"{shelf}/photo", 99)
        assert held.bytes == len(portrait())
        held.close()
        assert time.monotonic() - began < 4
        for thread in crowd:
            thread.join(20)
    assert sum(end < 3 for end in ends) == fetching.AT_ONCE - fetching.SLOW_AT_ONCE
    assert not fetching._of_person


def test_one_person_never_has_all_places(shelf: str) -> None:
    with ExitStack() as stack:
        for _ in range(fetching.OF_ONE_PERSON):
            stack.enter_context(fetching._place("ann"))
        with pytest.raises(Refused) as refused:
            fetching.fetch(f"{shelf}/photo", "ann")
        assert refused.value.code == "url_busy"
        fetching.fetch(f"{shelf}/photo", "bob").close()
