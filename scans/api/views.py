"""Each resource's verbs: read the request, call what the site calls, say what came of it."""

import json
import threading
import time
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rules

from .. import analysis, intake, routing
from ..evidence import retention
from ..models import Change, Decision, Event, Feedback, Scan, Source, Status, WrongState
from ..review import appeals
from . import listing, shapes
from .asking import ApiView, Refusal, own, seen, visible

HTTP_OF = {"too_many_bytes": 413, "quota": 413, "unknown_format": 415, "no_space": 507}
CODE_OF = {"too_many_bytes": "file_too_large", "quota": "quota_exceeded", "unknown_format": "unsupported_media"}
METADATA = 2048  # bytes
LONGEST = 30.0  # seconds that an answer may be waited for
_parked = threading.BoundedSemaphore(settings.API_WAITERS)


class Scans(ApiView):
    """Hand a file in, or list what was handed in."""

    limits: ClassVar[dict[str, str]] = {"POST": "upload"}

    def get(self, request: Request) -> Response:
        rows = listing.filtered(request, visible(request).select_related("batch"), listing.OF_SCANS)
        return Response(listing.page(request, rows, shapes.scan))

    def post(self, request: Request) -> Response:
        if not rules.accepted(request.user):
            raise Refusal(403, "rules_not_accepted", _("Accept the rules of use on the site first."))
        file = request.FILES.get("file")
        if refusal := getattr(request._request, "refusal", None):
            raise _refused(refusal[1])
        if file is None:
            raise Refusal(422, "validation_error", _("Send a file."), {"file": _("It is missing.")})
        known = _known(request)
        try:
            made = intake.submit(request.user, file, source=Source.API, **known)
        except intake.Refused as refused:
            raise _refused(refused) from refused
        made = waited(made, request)
        return _answer(made, 200 if not made.is_moving else 202)


class OneScan(ApiView):
    """Read it, or have it deleted."""

    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return _answer(waited(seen(request, pk), request), 200)

    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        scan = own(request, pk)
        if scan.status == Status.DELETED:
            raise Refusal(410, "gone", _("It is deleted already."))
        try:
            retention.delete(scan, request.user)
        except WrongState as error:
            raise Refusal(409, "wrong_state", _("It is being analysed: cancel it first.")) from error
        scan.refresh_from_db()
        return Response(shapes.scan(scan), 202)


class Cancel(ApiView):
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        scan = own(request, pk)
        try:
            intake.cancel(scan, request.user)
        except WrongState as error:
            raise Refusal(409, "wrong_state", _("Too late: it was finished already.")) from error
        scan.refresh_from_db()
        return Response(shapes.scan(scan))


class Assessments(ApiView):
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        rows = seen(request, pk).assessments.prefetch_related("findings")
        return Response({"results": [shapes.assessment(one) for one in rows], "next": None})


class Decisions(ApiView):
    """What people decided: for uploaders when it has settled."""

    def get(self, request: Request, pk: uuid.UUID) -> Response:
        scan = seen(request, pk)
        rows: Any = Decision.objects.filter(scan=scan)
        if scan.owner_id == request.user.pk:
            rows = Decision.objects.settled().filter(scan=scan)
        rows = rows.select_related("policy", "undone", "second")
        return Response({"results": [shapes.decision(one) for one in rows], "next": None})


class Appeals(ApiView):
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        rows = _appeals_of(own(request, pk))
        return Response({"results": [shapes.appeal(one) for one in rows], "next": None})

    def post(self, request: Request, pk: uuid.UUID) -> Response:
        scan = own(request, pk)
        text = _string(request, "text", 4000)
        decision = Decision.objects.settled().filter(scan=scan).first()
        try:
            if decision is None:
                raise appeals.NoAppeal
            return Response(shapes.appeal(appeals.make(decision, request.user, text)), 201)
        except appeals.NoAppeal as error:
            raise Refusal(
                409, "no_appeal", _("There is no decision to appeal, it was appealed already, or it is too late.")
            ) from error


class FeedbackOf(ApiView):
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        scan = own(request, pk)
        kind = _string(request, "label", 20)
        if kind not in Feedback.Kind.values:
            allowed = ", ".join(Feedback.Kind.values)
            raise Refusal(422, "validation_error", _("It can't be taken."), {"label": f"{_('One of')}: {allowed}"})
        if scan.assessment is None:
            raise Refusal(409, "wrong_state", _("It is not analysed."))
        said = Feedback.objects.create(
            assessment=scan.assessment, person=request.user, kind=kind,
            text=_string(request, "comment", 2000, required=False),
        )  # fmt: skip
        Event.objects.create(scan=scan, kind="feedback", actor=request.user, content={"kind": kind})
        routing.feedback_given(scan, scan.assessment)
        return Response(shapes.feedback(said), 201)


class Changes(ApiView):
    """Everything that has changed, oldest first; who reads it from the beginning arrives at what `/scans` says."""

    def get(self, request: Request) -> Response:
        limit, since = listing.limit(request), request.query_params.get("since", "0")
        unknown = set(request.query_params) - {"limit", "since"}
        if unknown or not since.isdecimal() or len(since) > 18:
            wrong = {name: _("There is no such filter.") for name in unknown} or {"since": _("It can't be read.")}
            raise Refusal(422, "validation_error", _("Some filters can't be used."), wrong)
        rows = Change.objects.filter(pk__gt=int(since), scan__in=visible(request)).select_related("scan")
        found = list(rows.order_by("pk")[:limit])
        cursor = str(found[-1].pk) if found else since
        return Response({"results": [shapes.change(one) for one in found], "cursor": cursor})


class Bundles(ApiView):
    """The models' cards, as they are."""

    def get(self, request: Request) -> Response:
        return Response({"results": analysis.cards(), "next": None})


def _appeals_of(scan: Scan) -> Any:
    from ..models import Appeal

    return Appeal.objects.filter(decision__scan=scan).select_related("decision", "answered_by")


def _answer(scan: Scan, status: int) -> Response:
    answer = Response(shapes.scan(scan), status)
    answer["Location"] = f"/api/v1/scans/{scan.pk}"
    if scan.is_moving:
        answer["Retry-After"] = str(scan.expected_seconds or 1)
    return answer


def waited(scan: Scan, request: Request) -> Scan:
    """Until it is done or the time is up; at once where too many wait already."""
    said = request.query_params.get("wait", "")
    try:
        seconds = float(said or 0)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST:  # nor is it "not a number"
        raise Refusal(422, "validation_error", _("It can't be taken."), {"wait": _("Seconds, 0 to 30.")})
    if not scan.is_moving or not seconds or not _parked.acquire(blocking=False):
        return scan
    try:
        deadline = time.monotonic() + seconds
        while scan.is_moving and time.monotonic() < deadline:
            time.sleep(0.1)
            scan.refresh_from_db()
    finally:
        _parked.release()
    return scan


def _refused(refusal: intake.Refused) -> Refusal:
    return Refusal(
        HTTP_OF.get(refusal.code, 422), CODE_OF.get(refusal.code, refusal.code), str(refusal), {"file": str(refusal)}
    )


def _known(request: Request) -> dict[str, Any]:
    """The integrator's own ids, that come back as they were sent."""
    metadata = request.data.get("metadata") or {}
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except ValueError:
            metadata = None
    if not isinstance(metadata, dict) or len(json.dumps(metadata)) > METADATA or "\\u0000" in json.dumps(metadata):
        pointers = {"metadata": _("A JSON object of at most 2 kB.")}
        raise Refusal(422, "validation_error", _("It can't be taken."), pointers)
    return {
        "external_id": _string(request, "external_id", 120, required=False),
        "metadata": metadata,
        "consents_to_training": str(request.data.get("consents_to_training", "")).lower() in ("1", "true", "on"),
    }


def _string(request: Request, name: str, most: int, *, required: bool = True) -> str:
    data = request.data if isinstance(request.data, dict) or hasattr(request.data, "getlist") else {}
    said = data.get(name) or ""
    if not isinstance(said, str) or len(said) > most or "\0" in said or (required and not said.strip()):
        pointers = {name: _("Text of at most %d characters.") % most}
        raise Refusal(422, "validation_error", _("It can't be taken."), pointers)
    return said
