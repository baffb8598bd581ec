"""Private files: handed out by one view to those who may see the scan, whole or in part."""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.http.response import HttpResponseNotModified
from django.shortcuts import redirect
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header, parse_etags

PIECE = 1 << 18
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; sandbox"
RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
# What a browser shows by itself and without running anything in it. All else is a download.
INLINE = {
    "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "avif": "image/avif", "gif": "image/gif",
    "mp4": "video/mp4", "mov": "video/mp4", "webm": "video/webm", "mkv": "video/x-matroska", "pdf": "application/pdf",
}  # fmt: skip


def send(request: HttpRequest, stored: Any, *, kind: str, etag: str, name: str = "", download: bool = False) -> Any:
    """`stored`: a FieldFile. `kind`: its format as it was recognised, never as its uploader named it."""
    if not stored:
        raise Http404
    mime = INLINE.get(kind)
    disposition = content_disposition_header(download or mime is None, name or "file") or "inline"
    mime = mime or "application/octet-stream"
    if not isinstance(stored.storage, FileSystemStorage):
        return _redirect_to_store(stored, mime, disposition)
    response = _answer(request, stored, f'"{etag}"', mime, disposition)
    response["ETag"] = f'"{etag}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    patch_cache_control(response, private=True, no_store=True)  # no copy stays on the disk of whoever looks
    return response


def _answer(request: HttpRequest, stored: Any, etag: str, mime: str, disposition: str) -> HttpResponseBase:
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponseNotModified()
    if settings.X_ACCEL:
        return _headed(HttpResponse(), mime, disposition, {"X-Accel-Redirect": f"/internal-media/{stored.name}"})
    size = stored.size
    byte_range = _range(request, size, etag)
    if byte_range == "wrong":
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    if not isinstance(byte_range, tuple):
        return _headed(FileResponse(stored.open("rb")), mime, disposition, {"Accept-Ranges": "bytes"})
    first, last = byte_range
    file = stored.open("rb")
    file.seek(first)
    part = StreamingHttpResponse(_pieces(file, last - first + 1), status=206)
    part._resource_closers.append(file.close)  # type: ignore[attr-defined]
    return _headed(
        part,
        mime,
        disposition,
        {
            "Content-Range": f"bytes {first}-{last}/{size}",
            "Content-Length": str(last - first + 1),
            "Accept-Ranges": "bytes",
        },
    )


def _redirect_to_store(stored: Any, mime: str, disposition: str) -> HttpResponseBase:
    """Redirect to a signed URL of the object store, valid for some minutes. The store handles ranges."""
    parameters = {
        "ResponseContentDisposition": disposition,
        "ResponseContentType": mime,
        "ResponseCacheControl": "private, no-store",
    }
    response = redirect(stored.storage.url(stored.name, parameters=parameters))
    patch_cache_control(response, private=True, no_store=True)
    return response


def _headed(response: Any, mime: str, disposition: str, headers: dict[str, str]) -> Any:
    for name, value in {"Content-Type": mime, "Content-Disposition": disposition, **headers}.items():
        response[name] = value
    return response


def _range(request: HttpRequest, size: int, etag: str) -> tuple[int, int] | str | None:
    """The requested range; "wrong" if the file has no such part; None for the whole file."""
    match = RANGE.match(request.headers.get("Range", "").strip())
    if match is None or match[0] == "bytes=-" or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = match[1], match[2]
    if not first:  # the last so many bytes
        count = int(last)
        return (max(0, size - count), size - 1) if count and size else "wrong"
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    return (start, end) if start <= end else "wrong"


def _pieces(file: BinaryIO, left: int) -> Iterator[bytes]:
    while left > 0 and (piece := file.read(min(PIECE, left))):
        left -= len(piece)
        yield piece
