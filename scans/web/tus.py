"""The tus 1.0 protocol (creation, expiration, termination): large files over connections that break."""

import base64
import binascii
import uuid
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.request import UnreadablePostError
from django.urls import reverse
from django.utils.http import http_date
from django.views.decorators.cache import never_cache

from ..models import Batch, Resumable
from ..uploads import intake, resumable
from ..uploads.http_status import http_status
from ..uploads.intake import PIECE, Refused
from .access import SignedIn

VERSION = "1.0.0"
BODY = "application/offset+octet-stream"


@never_cache
def uploads(request: SignedIn) -> HttpResponse:
    """Where an upload is begun."""
    if request.method == "OPTIONS":
        return _answer(204, **{
            "Tus-Version": VERSION,
            "Tus-Extension": "creation,expiration,termination",
            "Tus-Max-Size": str(settings.MAX_UPLOAD_MB * 2**20),
        })  # fmt: skip
    if request.method != "POST":
        return _answer_to(HttpResponseNotAllowed(["POST", "OPTIONS"]))
    if wrong := _version(request):
        return wrong
    length = request.headers.get("Upload-Length", "")
    metadata = _metadata(request.headers.get("Upload-Metadata", ""))
    if metadata is None or not length.isdecimal() or len(length) > 15:
        return _answer(400)
    try:
        batch = (
            Batch.objects.get(pk=uuid.UUID(metadata["batch"]), owner=request.user) if metadata.get("batch") else None
        )
    except (ValueError, Batch.DoesNotExist):
        raise Http404 from None
    try:
        upload = resumable.begin(
            request.user,
            metadata.get("filename", ""),
            int(length),
            batch=batch,
            **{name: metadata.get(name) == "on" for name in ("consents_to_training", "zero_retention")},
        )
    except Refused as refusal:
        if batch:
            intake.note_refusal(batch, metadata.get("filename", ""), refusal)
        return _refused(refusal)
    if not upload.length:
        return _finished(upload, 201)
    return _answer(201, **{"Location": reverse("scans:tus_upload", args=[upload.pk]), **_state(upload)})


@never_cache
def upload(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """Where it goes on, says how far it is, or is given up."""
    upload: Resumable | None = (
        Resumable.objects.filter(owner=request.user, pk=pk).select_related("batch", "owner").first()
    )
    if upload is None:
        return _answer(404)
    if wrong := _version(request):
        return wrong
    if request.method == "HEAD":
        if upload.offset == upload.length and not upload.scan_id:  # whoever got the last piece died with it
            return _finished(upload, 200)
        return _answer(200, **{"Upload-Length": str(upload.length), **_state(upload)})
    if request.method == "DELETE":
        upload.forget()
        return _answer(204)
    if request.method != "PATCH":
        return _answer_to(HttpResponseNotAllowed(["HEAD", "PATCH", "DELETE"]))
    return _go_on(request, upload)


def _go_on(request: SignedIn, upload: Resumable) -> HttpResponse:
    offset = request.headers.get("Upload-Offset", "")
    if request.content_type != BODY:
        return _answer(415)
    if not offset.isdecimal() or len(offset) > 15:
        return _answer(400)
    try:
        offset_now = resumable.append(upload, int(offset), _body(request))
        if offset_now == upload.length:
            return _finished(upload, 204)
    except resumable.WrongOffset:
        return _answer(409, **_state(upload))
    except resumable.Busy:
        return _answer(423)
    except Refused as refusal:
        return _refused(refusal)
    return _answer(204, **_state(upload))


def _body(request: SignedIn) -> Iterator[bytes]:
    """Piece by piece; a connection that breaks ends it quietly, and what came is kept."""
    while True:
        try:
            piece = request.read(PIECE)
        except UnreadablePostError as error:
            yield getattr(error.__cause__, "piece", b"")
            return
        if not piece:
            return
        yield piece


def _finished(upload: Resumable, status: int) -> HttpResponse:
    try:
        scan = resumable.finish(upload)
    except Refused as refusal:
        return _refused(refusal)
    return _answer(
        status,
        **{
            "Location": reverse("scans:tus_upload", args=[upload.pk]),
            "Upload-Offset": str(upload.length),
            "Upload-Length": str(upload.length),
            "Scan-Location": scan.get_absolute_url(),
        },
    )


def _version(request: SignedIn) -> HttpResponse | None:
    if request.headers.get("Tus-Resumable") == VERSION:
        return None
    return _answer(412, **{"Tus-Version": VERSION})


def _metadata(header: str) -> dict[str, str] | None:
    metadata = {}
    for pair in filter(None, header.split(",")):
        key, _space, value = pair.strip().partition(" ")
        try:
            metadata[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
    return metadata


def _state(upload: Resumable) -> dict[str, str]:
    return {"Upload-Offset": str(upload.offset), "Upload-Expires": http_date(upload.expires_at.timestamp())}


def _refused(refusal: Refused) -> HttpResponse:
    answer = JsonResponse({"code": refusal.code, "said": str(refusal)}, status=http_status(refusal))
    return _answer_to(answer)


def _answer(status: int, **headers: str) -> HttpResponse:
    return _answer_to(HttpResponse(status=status), **headers)


def _answer_to(answer: Any, **headers: str) -> HttpResponse:
    for name, value in {"Tus-Resumable": VERSION, **headers}.items():
        answer[name] = value
    response: HttpResponse = answer
    return response
