"""Caddy before the site, with the file that Docker Compose gives it."""

import http.client
import os
import shutil
import ssl
import subprocess
import threading
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import make_server

import pytest
from django.core.handlers.wsgi import WSGIHandler

from ..browser.conftest import free_port
from ..site.test_sentinel import until
from .recipes import HOUSE


def test_caddy_leads_pages_to_https_and_no_program(tmp_path: Path, settings: Any, db: None) -> None:
    """The whole way: a request over http, Caddy with its file, and the site."""
    program = shutil.which("caddy")
    if not program:
        pytest.skip("Caddy isn't installed (sudo apt install caddy)")
    settings.SECURE_SSL_REDIRECT, settings.SECURE_PROXY_SSL_HEADER = True, ("HTTP_X_FORWARDED_PROTO", "https")
    site = make_server("127.0.0.1", 0, WSGIHandler())
    threading.Thread(target=site.serve_forever, daemon=True).start()
    plain, encrypted = free_port(), free_port()
    options = f"admin off\nlocal_certs\nskip_install_trust\nhttp_port {plain}\nhttps_port {encrypted}\n"
    conf = (HOUSE / "deploy" / "Caddyfile").read_text().replace("nginx:80", f"127.0.0.1:{site.server_port}")
    (tmp_path / "Caddyfile").write_text(f"{{\n{options}}}\n{conf}")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ALLOWED_HOSTS": "localhost"}
    caddy = subprocess.Popen(
        [program, "run", "--config", tmp_path / "Caddyfile"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        ask_caddy = partial(ask, context=ssl._create_unverified_context())  # its certificate is its own
        until(lambda: ask_caddy(f"https://localhost:{encrypted}/help/")[0] == 200, "Caddy answers")
        status, location = ask_caddy(f"http://localhost:{plain}/help/?a=b")
        assert (status, location.split(":")[0]) == (301, "https")
        for method in ("GET", "POST"):
            for forged in ({}, {"X-Forwarded-Proto": "https"}):
                assert ask_caddy(f"http://localhost:{plain}/api/v1/scans", method, forged) == (403, "")
        assert ask_caddy(f"https://localhost:{encrypted}/api/v1/scans") == (401, "")
    finally:
        caddy.terminate()
        caddy.wait(20)
        site.shutdown()
        site.server_close()


def ask(url: str, method: str = "GET", headers: dict[str, str] | None = None, *, context: Any) -> tuple[int, str]:
    """The status, and where a redirect leads; (0, "") while nobody answers."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.netloc, timeout=10, context=context)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", "")
    except OSError:
        return 0, ""
    finally:
        connection.close()
