"""Requests that no browser sends, made by chance."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from .hostile_cast import Cast
from .hostile_words import HEADER_TEXTS, HEADERS, NAMES, TEXTS
from .sender import photo

METHODS = (
    ["GET"] * 8 + ["POST"] * 8 + ["PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get", "X" * 40]
)
CSRF = "c" * 32
FATAL = ["Host", "Expect", "Transfer-Encoding"]  # nearly every value of these ends a request before a page sees it


def addresses() -> list[str]:
    """Every pattern of the site, like `scans/<uuid:pk>/`."""
    from django.urls import get_resolver

    found: list[str] = []

    def walk(patterns: Any, before: str) -> None:
        for entry in patterns:
            path = before + str(entry.pattern)
            if hasattr(entry, "url_patterns"):
                walk(entry.url_patterns, path)
            else:
                found.append(path)

    walk(get_resolver().url_patterns, "/")
    more = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/static/<path:name>",
        "/nowhere/",
        "/api/v1/nowhere",
        "//",
        "/%2e%2e/",
        "/admin/<path:name>",
    ]
    return sorted({*found, *more})


class Requests:
    """Made by chance from a seed: the same seed makes the same requests for the same ids."""

    def __init__(self, seed: int, cast: Cast) -> None:
        self.random, self.cast, self.addresses = random.Random(seed), cast, addresses()

    def make(self, count: int) -> Iterator[tuple[str, str, bytes]]:
        """Who, the pattern, and the bytes."""
        for _number in range(count):
            yield self.one()

    def one(self) -> tuple[str, str, bytes]:
        choose, chance = self.random.choice, self.random.random
        method, pattern = choose(METHODS), choose(self.addresses)
        if chance() < 0.5:  # what takes most: API and desk
            pattern = choose([path for path in self.addresses if path.startswith(("/api/", "/scans/", "/admin/"))])
        path = self.path(pattern)
        if chance() < 0.4:
            path += "?" + "&".join(
                f"{choose(NAMES)}={self.quoted(self.text())}" for _ in range(self.random.randint(1, 4))
            )
        who, headers = self.who()
        body = b""
        if method not in ("GET", "HEAD") or chance() < 0.1:
            kind, body = self.body()
            headers["Content-Type"] = kind
        headers["Content-Length"] = str(len(body))
        for _ in range(self.random.randint(0, 3)):
            headers[choose(HEADERS if chance() < 0.95 else FATAL)] = (
                choose(HEADER_TEXTS) if chance() < 0.6 else self.text()
            )
        if chance() < 0.02:
            headers["Content-Length"] = choose(["-1", "abc", "999999999999", str(len(body) + 5), "1, 2", "0x5"])
        lines = "".join(
            f"{name}: {value}\r\n" for name, value in headers.items() if "\r" not in value and "\n" not in value
        )
        return who, f"{method} {pattern}", f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("utf-8", "replace") + body

    def who(self) -> tuple[str, dict[str, str]]:
        headers = {"Host": "localhost", "Connection": "close"}
        who = self.random.choice([*self.cast.people, "nobody"])
        if who == "nobody":
            return who, headers
        if self.random.random() < 0.5:
            headers["Authorization"] = f"Bearer {self.cast.keys[who]}"
            return f"{who} by key", headers
        headers["Cookie"] = f"session={self.cast.sessions[who]}; csrf={CSRF}"
        if self.random.random() < 0.9:
            headers |= {"X-CSRFToken": CSRF, "Origin": "http://localhost", "Referer": "http://localhost/"}
        return who, headers

    def path(self, pattern: str) -> str:
        def value(match: re.Match[str]) -> str:
            kind = match[1] or "str"
            if self.random.random() < 0.75:
                return self.quoted(self.random.choice(self.cast.ids.get(kind) or ["x"]))
            return self.quoted(self.text())

        path = re.sub(r"<(?:(\w+):)?\w+>", value, pattern)
        path = re.sub(r"\(\?P<\w+>[^)]*\)|[\^$\\]|\(\?:[^)]*\)\??", lambda match: "x" if "<" in match[0] else "", path)
        return path if self.random.random() < 0.97 else path + self.quoted(self.text())

    def text(self) -> str:
        if self.random.random() < 0.7:
            return self.random.choice(TEXTS)
        return "".join(
            chr(self.random.choice([self.random.randint(1, 127), self.random.randint(1, 0x2FFF)]))
            for _ in range(self.random.randint(1, 40))
        )

    def quoted(self, text: str) -> str:
        return quote(text.encode("utf-8", "replace"), safe="/%" if self.random.random() < 0.2 else "/")

    def body(self) -> tuple[str, bytes]:
        choose = self.random.choice
        shape = choose(["json", "json", "form", "form", "multipart", "multipart", "bytes", "cut"])
        if shape == "json":
            return "application/json", json.dumps(self.value(0)).encode()
        if shape == "form":
            pairs = [f"{choose(NAMES)}={self.quoted(self.text())}" for _ in range(self.random.randint(0, 8))]
            return "application/x-www-form-urlencoded", "&".join(pairs).encode()
        if shape == "bytes":
            return choose(
                ["application/json", "multipart/form-data; boundary=x", "text/x", "application/offset+octet-stream"]
            ), self.random.randbytes(self.random.randint(0, 400))
        content = b"".join(self.part() for _ in range(self.random.randint(0, 4))) + b"--x--\r\n"
        return "multipart/form-data; boundary=x", content if shape == "multipart" else content[: len(content) * 2 // 3]

    def part(self) -> bytes:
        name = self.random.choice(["file", "files", *NAMES])
        quoted = self.text().replace("\r", "").replace("\n", "")
        of_file = f'; filename="{quoted}"' if self.random.random() < 0.6 else ""
        head = f'--x\r\nContent-Disposition: form-data; name="{name}"{of_file}\r\n'
        if self.random.random() < 0.3:
            head += f"Content-Type: {self.random.choice(HEADER_TEXTS)}\r\n"
        whole = photo("hostile")
        contents = [
            b"",
            b"\xff\xd8\xff",
            whole[: self.random.randint(0, len(whole))],
            whole,
            self.random.randbytes(300),
            self.text().encode("utf-8", "replace"),
        ]
        return head.encode("utf-8", "replace") + b"\r\n" + self.random.choice(contents) + b"\r\n"

    def value(self, depth: int) -> Any:
        chance = self.random.random()
        if depth < 4 and chance < (0.95 if depth == 0 else 0.25):
            return {self.random.choice(NAMES): self.value(depth + 1) for _ in range(self.random.randint(0, 6))}
        if depth < 4 and chance < 0.35:
            return [self.value(depth + 1) for _ in range(self.random.randint(0, 4))]
        return self.random.choice(
            [None, True, False, 0, -1, 2**63, 2**200, 1.5, 1e308, self.text(), self.text(), self.text()]
        )
