"""Hand photos and videos to a deepfake moderation site, wait for the answer, keep up with changes, verify webhooks.

One file, Python 3.10 or later, nothing to install. Copy it into your project, or use it from a shell:

    export DEEPFAKE_SITE=https://moderation.example.org DEEPFAKE_KEY=dfm_live_…
    python deepfake_client.py scan photo.jpg
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPRedirectHandler, Request, build_opener

PIECE = 1 << 18
MOVING = ("queued", "analysing")


class Problem(Exception):
    """The site refused. Go by `code`: it is stable. `errors` says which fields are wrong."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status, self.body = status, dict(body)
        self.code: str = body.get("code", "error")
        self.errors: list[dict[str, str]] = body.get("errors", [])
        wrong = "".join(f" {one['pointer']}: {one['detail']}" for one in self.errors)
        super().__init__(f"{status} {self.code}: {body.get('detail', '')}{wrong}")


class NotWebhook(Exception):
    """This message was not sent by the site, was changed on its way, or is too old."""


class _Here(HTTPRedirectHandler):
    """A key is not carried elsewhere."""

    def redirect_request(self, *_asked: Any) -> None:
        return None


class Client:
    """`retries`: how often a request is tried again when the site is busy or can't be reached."""

    def __init__(self, site: str = "", key: str = "", *, timeout: float = 60, retries: int = 4) -> None:
        self.site = (site or os.environ.get("DEEPFAKE_SITE", "")).rstrip("/") + "/"
        self.key = key or os.environ.get("DEEPFAKE_KEY", "")
        if not self.site.startswith(("http://", "https://")) or not self.key:
            raise ValueError("Name the site and the key, or set DEEPFAKE_SITE and DEEPFAKE_KEY.")
        self.timeout, self.retries = timeout, retries
        self._opener = build_opener(_Here)

    def submit(
        self, file: str | Path | bytes, *, name: str = "", external_id: str = "", metadata: Any = None, once: str = ""
    ) -> dict[str, Any]:
        """Hand a file in. `once`: the same text makes the same scan, however often this is called in a day."""
        fields = {"external_id": external_id, "metadata": json.dumps(metadata or {})}
        form = _Form(fields, file, name or (Path(file).name if not isinstance(file, bytes) else "file"))
        return dict(self._ask("POST", "scans", form=form, once=once))

    def scan(self, scan_id: str, *, wait: float = 0) -> dict[str, Any]:
        """Where it stands. `wait`: seconds that the answer may wait for the result, 30 at most."""
        return dict(self._ask("GET", f"scans/{scan_id}", query={"wait": wait} if wait else {}))

    def wait(self, scan_id: str, *, seconds: float = 600) -> dict[str, Any]:
        """The scan once it is through; TimeoutError if that takes too long."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            began = time.monotonic()
            found = self.scan(scan_id, wait=max(0.0, min(20.0, left)))
            if found["status"] not in MOVING:
                return found
            if left <= 0:
                raise TimeoutError(f"{scan_id} is still {found['status']}")
            if time.monotonic() - began < 1:  # the site lets nobody wait just now
                time.sleep(min(1.0, max(0.0, left)))

    def scans(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """All that fit, newest first: `client.scans(effective="likely_manipulated")`."""
        page = self._ask("GET", "scans", query={"limit": 100, **filters})
        while True:
            yield from page["results"]
            if not page["next"]:
                return
            page = self._ask("GET", page["next"])

    def changes(self, since: str = "0") -> Iterator[tuple[dict[str, Any], str]]:
        """All that has changed, oldest first, each with the cursor to keep for the next time."""
        while True:
            page = self._ask("GET", "changes", query={"since": since, "limit": 100})
            for one in page["results"]:
                yield one, one["id"]
            if not page["results"]:
                return
            since = page["cursor"]

    def feedback(self, scan_id: str, label: str, comment: str = "") -> dict[str, Any]:
        """`false_alarm`, `missed`, `wrong_face` or `other`."""
        return dict(self._ask("POST", f"scans/{scan_id}/feedback", body={"label": label, "comment": comment}))

    def delete(self, scan_id: str) -> dict[str, Any]:
        """The file, its pictures and its name go; hash, scores and history stay."""
        return dict(self._ask("DELETE", f"scans/{scan_id}"))

    def _ask(
        self, method: str, path: str, *, query: Any = None, body: Any = None, form: Any = None, once: str = ""
    ) -> Any:
        """One request, tried again where that does no harm: each POST has a key by which it is done once."""
        where = urljoin(self.site, f"api/v1/{path}" if "://" not in path else path)
        if not where.startswith(self.site):
            raise ValueError(f"{where} is not at {self.site}")
        said = {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}
        if method == "POST":
            said["Idempotency-Key"] = once or uuid.uuid4().hex
        if form or body is not None:
            said["Content-Type"] = form.kind if form else "application/json"
        for left in range(self.retries, -1, -1):
            data: Any = form if form else json.dumps(body).encode() if body is not None else None
            request = Request(where + (f"?{urlencode(query)}" if query else ""), data, said, method=method)
            if form:
                request.add_header("Content-Length", str(form.size))
            try:
                with self._opener.open(request, timeout=self.timeout) as answer:
                    return json.loads(answer.read() or b"null")
            except HTTPError as error:
                problem = Problem(error.code, _read(error))
                again = error.code in (429, 502, 503, 504) or problem.code == "idempotency_in_progress"
                if not left or not again:
                    raise problem from None
                pause = float(error.headers.get("Retry-After") or 2 ** (self.retries - left))
            except (URLError, TimeoutError, ConnectionError):
                if not left:
                    raise
                pause = 2.0 ** (self.retries - left)
            time.sleep(min(pause, 60))
        raise AssertionError


class _Form:
    """A multipart form that is read from the disk while it is sent, as often as it is sent."""

    def __init__(self, fields: Mapping[str, str], file: str | Path | bytes, name: str) -> None:
        mark = uuid.uuid4().hex
        self.file = file if isinstance(file, bytes) else Path(file)
        safe = name.replace("\\", "_").replace('"', "_").replace("\r", "_").replace("\n", "_")
        part = '--{}\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'.format
        head = "".join(part(mark, key, "") + f"{value}\r\n" for key, value in fields.items() if value)
        self.head = (head + part(mark, "file", f'; filename="{safe}"')).encode()
        self.tail = f"\r\n--{mark}--\r\n".encode()
        self.kind = f"multipart/form-data; boundary={mark}"
        length = len(self.file) if isinstance(self.file, bytes) else self.file.stat().st_size
        self.size = len(self.head) + length + len(self.tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self.head
        if isinstance(self.file, bytes):
            yield self.file
        else:
            with self.file.open("rb") as opened:
                while piece := opened.read(PIECE):
                    yield piece
        yield self.tail


def _read(error: HTTPError) -> dict[str, Any]:
    try:
        found = json.loads(error.read())
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"code": "error", "detail": error.reason}


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, tolerance: float = 300) -> dict[str, Any]:
    """The message, if the site has sent it (Standard Webhooks). Note its `id`: it may come more than once."""
    said = {name.lower(): value for name, value in headers.items()}
    try:
        stamp = int(said["webhook-timestamp"])
        signed = f"{said['webhook-id']}.{stamp}.".encode() + body
        given = said["webhook-signature"].split()
    except (KeyError, ValueError) as error:
        raise NotWebhook("its headers are missing or can't be read") from error
    if abs(time.time() - stamp) > tolerance:
        raise NotWebhook("it is too old, or this machine's clock is wrong")
    digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256)
    wanted = f"v1,{base64.b64encode(digest).decode()}"
    if not any(hmac.compare_digest(wanted.encode(), one.encode()) for one in given):
        raise NotWebhook("its signature is not the site's")
    return dict(json.loads(body))


def main(said: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Ask a deepfake moderation site. It and the key: DEEPFAKE_SITE, _KEY.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    scan = verbs.add_parser("scan", help="hand files in and wait for what is said of them")
    scan.add_argument("files", nargs="+")
    scan.add_argument("--json", action="store_true", help="print the whole scans, one a line")
    verbs.add_parser("show", help="one scan").add_argument("id")
    verbs.add_parser("changes", help="what has changed").add_argument("since", nargs="?", default="0")
    asked = parser.parse_args(said)
    try:
        client = Client()
        if asked.verb == "show":
            print(json.dumps(client.scan(asked.id), indent=2))
        elif asked.verb == "changes":
            for change, _cursor in client.changes(asked.since):
                print(json.dumps(change))
        else:
            return _scan(client, asked.files, as_json=asked.json)
    except (Problem, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _scan(client: Client, files: list[str], *, as_json: bool) -> int:
    """All are uploaded before the first one is waited for; one that is refused spoils nothing."""
    made: list[tuple[str, str]] = []
    refused = 0
    for file in files:
        try:
            made.append((file, client.submit(file)["id"]))
        except (Problem, OSError) as error:
            print(f"{file}: {error}", file=sys.stderr)
            refused = 1
    for file, scan_id in made:
        found = client.wait(scan_id)
        what = found["effective"]["outcome"] or (found["failure"] or {}).get("code") or found["status"]
        print(json.dumps(found) if as_json else f"{what:20} {file}")
    return refused


if __name__ == "__main__":
    sys.exit(main())
