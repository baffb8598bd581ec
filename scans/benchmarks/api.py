"""The REST API of the running site under many clients: what it takes in the server, and what asking itself costs."""

import http.client
import json
import math
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from accounts import keys, roles, rules
from accounts.models import ApiKey, User
from accounts.roles import Role

from ..models import Scan, Status
from ..retention import deletion

ADDRESS = "bench-api@localhost"
WIDE = "1000000/1m"
CLIENTS = 20
PAUSE = 1.0  # seconds
Timed = tuple[int, float, float, bytes]  # status, milliseconds here and in the server, body


class NoAnswer(Exception):
    """Nothing answers there, or not as it should."""


def measure(photo: Path, site: str, *, posts: int, reads: int, mixed: int) -> dict[str, Any]:
    """With a test key: the whole way of a file but for the models, so that the API is measured and not they."""
    with _Program() as key:
        bench = _Bench(site, key, photo.read_bytes())
        return bench.run(posts, reads, mixed)


class _Program:
    """A person with a key that no limit holds up; gone afterwards, with all that was uploaded."""

    def __enter__(self) -> str:
        self.person, _is_new = User.objects.get_or_create(email=ADDRESS)
        User.objects.filter(pk=self.person.pk).update(is_active=True)
        roles.give(self.person, Role.INTEGRATOR)
        self.person = User.objects.get(pk=self.person.pk)
        rules.accept(self.person)
        name = f"bench {uuid.uuid4().hex[:6]}"
        key, secret = keys.issue(self.person, name=name, scopes=["scans:read", "scans:write"], test=True)
        ApiKey.objects.filter(pk=key.pk).update(upload_limit=WIDE, read_limit=WIDE)
        return secret

    def __exit__(self, *_error: Any) -> None:
        ApiKey.objects.filter(user=self.person).delete()
        User.objects.filter(pk=self.person.pk).update(is_active=False)
        for scan in Scan.objects.filter(owner=self.person).exclude(status=Status.DELETED):
            if scan.is_moving:
                scan.move(Status.CANCELLED)
            deletion.delete(scan, self.person)


class _Bench:
    def __init__(self, site: str, key: str, photo: bytes) -> None:
        self.site, self.key, self.photo = urlsplit(site), key, photo
        self.local = threading.local()

    def run(self, posts: int, reads: int, mixed: int) -> dict[str, Any]:
        self._post(0)  # everything is loaded
        calm = self._paced(min(posts, 200), lambda n: self._post(n))
        calm_ids = [json.loads(body)["id"] for _status, _ms, _server, body in calm]
        looked = self._paced(len(calm), lambda n: self._get(f"/scans/{calm_ids[n]}"))
        handed_in = self._at_once(CLIENTS, [lambda n=n: self._post(n) for n in range(posts)])
        ids = [json.loads(body)["id"] for _status, _ms, _server, body in handed_in]
        read = self._at_once(CLIENTS, [lambda n=n: self._get(f"/scans/{ids[n % len(ids)]}") for n in range(reads)])
        empty = self._at_once(CLIENTS, [lambda: self._get("/healthz", api=False) for _n in range(reads)])
        return {
            "clients": CLIENTS,
            "photo_kb": len(self.photo) // 1024,
            f"POST /scans, each client once in {PAUSE:g} s": _summary(calm),
            f"GET /scans/{{id}}, each client once in {PAUSE:g} s": _summary(looked),
            "POST /scans, as fast as they can": _summary(handed_in),
            "GET /scans/{id}, as fast as they can": _summary(read),
            "asking alone (/healthz)": {"client_ms_median": round(median(ms for _s, ms, _a, _b in empty), 1)},
            **self._mixed(mixed),
        }

    def _paced(self, count: int, send: Callable[[int], Timed]) -> list[Timed]:
        """Twenty clients that begin one after the other, and each of which asks in its own time."""
        began = time.perf_counter()

        def client(number: int) -> list[Timed]:
            answers = []
            for turn, place in enumerate(range(number, count, CLIENTS)):
                due = began + PAUSE * (turn + number / CLIENTS)
                time.sleep(max(0.0, due - time.perf_counter()))
                answers.append(send(place))
            return answers

        with ThreadPoolExecutor(CLIENTS) as threads:
            return [answer for answers in threads.map(client, range(CLIENTS)) for answer in answers]

    def _mixed(self, count: int) -> dict[str, Any]:
        """Fifty at once: every fourth hands a file in, twice with one Idempotency-Key; the others read."""
        mark = uuid.uuid4().hex[:8]

        def send(number: int) -> Timed:
            if number % 4:
                return self._get("/scans?limit=20" if number % 4 == 1 else "/changes?limit=20")
            return self._post(number, once=f"{mark}-{number // 8}", small=True)

        answers = self._at_once(50, [lambda n=n: send(n) for n in range(count)])
        ids = Counter(json.loads(body)["id"] for status, _ms, _server, body in answers[::4] if status in (200, 202))
        kept = Scan.objects.filter(owner__email=ADDRESS, external_id__startswith=mark)
        once = {f"{mark}-{n // 8}" for n in range(0, count, 4)}
        return {
            f"{count} requests, 50 at once": {
                "5xx": sum(status >= 500 for status, *_rest in answers),
                "409 while the first is under way": sum(status == 409 for status, *_rest in answers),
                "lost": len(set(map(str, ids)) - {str(pk) for pk in kept.values_list("pk", flat=True)}),
                "double": kept.count() - kept.values("external_id").distinct().count(),
                "made": kept.count(),
                "asked_for": len(once),
            }
        }

    def _at_once(self, clients: int, work: list[Any]) -> list[Timed]:
        with ThreadPoolExecutor(clients) as threads:
            return list(threads.map(lambda task: task(), work))

    def _get(self, path: str, *, api: bool = True) -> Timed:
        return self._ask("GET", f"/api/v1{path}" if api else path)

    def _post(self, number: int, *, once: str = "", small: bool = False) -> Timed:
        mark = uuid.uuid4().hex
        unlike = self.photo[: 20_000 if small else None] + once.encode() + (b"" if once else os.urandom(8))
        head = f'--{mark}\r\nContent-Disposition: form-data; name="external_id"\r\n\r\n{once}\r\n--{mark}\r\n'
        head += 'Content-Disposition: form-data; name="file"; filename="inconclusive.jpg"\r\n\r\n'
        body = head.encode() + unlike + f"\r\n--{mark}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        return self._ask("POST", "/api/v1/scans", body, headers | ({"Idempotency-Key": once} if once else {}))

    def _ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Timed:
        """Status, milliseconds here and in the server, body; each client keeps its connection."""
        all_headers = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        began = time.perf_counter()
        try:
            connection = self._connection()
            connection.request(method, path, body, all_headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.local.connection = None
            raise NoAnswer(f"{self.site.geturl()}: {error!r}") from error
        took = (time.perf_counter() - began) * 1000
        server = float((answer.headers.get("Server-Timing") or "app;dur=0").rpartition("=")[2])
        return answer.status, took, server, content

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self.local, "connection", None)
        if connection is None:
            kind = http.client.HTTPSConnection if self.site.scheme == "https" else http.client.HTTPConnection
            connection = self.local.connection = kind(self.site.hostname or "", self.site.port, timeout=60)
        return connection


def _summary(answers: list[Timed]) -> dict[str, Any]:
    wrong = Counter(status for status, *_rest in answers if status >= 400)
    if wrong:
        raise NoAnswer(f"Refused: {dict(wrong)}")
    return {
        "server_ms_median": round(median(server for _s, _ms, server, _b in answers), 1),
        "server_ms_p95": round(_p95([server for _s, _ms, server, _b in answers]), 1),
        "client_ms_median": round(median(ms for _s, ms, _server, _b in answers), 1),
        "requests": len(answers),
    }


def _p95(values: list[float]) -> float:
    return sorted(values)[math.ceil(len(values) * 0.95) - 1]
