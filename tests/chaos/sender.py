"""A careful program that uploads: sent again until it is answered, with one Idempotency-Key each."""

import io
import json
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cache

BOUNDARY = "chaos-boundary"


@dataclass
class Sender:
    port: int
    secret: str

    def upload(self, key: str, *, wait: int = 0) -> str:
        """The scan's id, or why there is none."""
        body = form(photo(key), key)
        query = f"?wait={wait}" if wait else ""
        address = f"http://localhost:{self.port}/api/v1/scans{query}"
        deadline = time.monotonic() + 300
        while True:
            request = urllib.request.Request(address, body, self.headers(key), method="POST")
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return str(json.load(answer)["id"])
            except (OSError, urllib.error.URLError, ValueError) as error:
                status = getattr(error, "code", 503)
                if (status < 500 and status not in (409, 429)) or time.monotonic() > deadline:
                    return f"not answered: {error}"
                time.sleep(0.5)

    def upload_half(self, key: str) -> socket.socket:
        """Of one upload the head and half of the body; the rest never comes."""
        body = form(photo(key), key)
        headers = {**self.headers(key), "Host": f"localhost:{self.port}", "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.sendall(f"POST /api/v1/scans HTTP/1.1\r\n{lines}\r\n".encode() + body[: len(body) // 2])
        return connection

    def headers(self, key: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.secret}",
            "Idempotency-Key": key,
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        }


@cache
def _face() -> "object":
    from PIL import Image

    from tests.detection import files

    return Image.fromarray(files.ASTRONAUT).resize((320, 320))


def photo(comment: str) -> bytes:
    """The same face in a file that is not the same."""
    out = io.BytesIO()
    _face().save(out, "JPEG", quality=90, comment=comment.encode())  # type: ignore[attr-defined]
    return out.getvalue()


def form(content: bytes, external_id: str) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="external_id"\r\n\r\n{external_id}\r\n'
    head += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
