"""Scans and batches: upload, read, list, cancel, delete."""

import uuid
from typing import ClassVar

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rules

from .. import network, tasks
from ..models import Batch, Event, Scan, Source, Status, WrongState
from ..outcome import blind
from ..retention import deletion
from ..uploads import fetching, idempotency, intake
from . import listing, request_serializers, response_serializers
from .base_views import (
    ApiView,
    get_owned_scan,
    get_trashed_scan,
    get_visible_scan,
    is_sandbox,
    of_this_key,
    visible_scans,
)
from .documentation import CURSOR, LIMIT, WAIT, describe, filters, page_of
from .errors import Absent, Refusal, refused
from .waiting import wait_for_result

FILE_REFUSALS = ("rules_not_accepted", "quota_exceeded", "empty", "malware", "no_space")


class Scans(ApiView):
    tag = "scans"
    limits: ClassVar[dict[str, str]] = {"POST": "upload"}
    is_one_transaction = False

    @describe(
        "listScans",
        {200: page_of(response_serializers.Scan, "Scan")},
        query=[LIMIT, CURSOR, *filters(listing.OF_SCANS)],
    )
    def get(self, request: Request) -> Response:
        """List your scans, newest first. With the scope `review:read`: all scans that you have access to."""
        rows = visible_scans(request)
        # A filter must not give away an outcome that is withheld.
        if {"outcome", "effective", "review_state"} & set(request.query_params):
            rows = rows.exclude(pk__in=blind.withheld_from(request.user))
        if "tag" in request.query_params:  # other people's tags are their own affair
            rows = rows.filter(owner=request.user)
        rows = listing.filtered(request, rows, listing.OF_SCANS)
        return Response(listing.page(request, rows, lambda rows: response_serializers.scans(rows, request.user)))

    @describe(
        "submitScan",
        {202: response_serializers.Scan, 200: response_serializers.Scan},
        body={
            "multipart/form-data": request_serializers.Submission,
            "application/json": request_serializers.SubmissionByUrl,
        },
        query=[WAIT],
        refusals=[*FILE_REFUSALS, "url_refused", "url_failed", "busy"],
        example={"file": "photo.jpg", "external_id": "order 7"},
    )
    def post(self, request: Request) -> Response:
        """Upload a photo or video.

        The response is 202 while the file is queued or being analysed, and 200 if the result is ready.
        """
        fields = request_serializers.read(
            request_serializers.Submission
            if request_serializers.is_form(request)
            else request_serializers.SubmissionByUrl,
            request,
        )
        file, address = fields.pop("file", None), fields.pop("url", "")
        if not rules.accepted(request.user):
            raise Refusal(403, "rules_not_accepted", _("Accept the rules of use on the site first."))
        try:
            if file is None:
                file = fetching.fetch(address, request.user.pk)
            if isinstance(file, intake.Held):
                intake.check_for_viruses(file)
            with self.once() as keep:
                scan = intake.submit(request.user, file, source=Source.API, sandbox=is_sandbox(request), **fields)
                answer = keep(_answer(scan, request, 202 if scan.is_moving else 200))
        except intake.Refused as error:
            raise refused(error) from error
        except network.Blocked as error:
            raise Refusal(
                422, "url_refused", _("Files cannot be fetched from this URL."), {"url": error.code}
            ) from error
        except network.Unreachable as error:
            raise Refusal(422, "url_failed", _("The URL returned no file."), {"url": str(error)}) from error
        scan = wait_for_result(scan, request)
        return answer if scan.is_moving else _answer(scan, request, 200)


class OneScan(ApiView):
    tag = "scans"

    @describe("getScan", {200: response_serializers.Scan}, query=[WAIT], refusals=["gone"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Get a scan and its result. For a deleted scan, the response is 410 with a receipt."""
        scan = get_trashed_scan(request, pk) or wait_for_result(get_visible_scan(request, pk), request)
        if scan.status == Status.DELETED:
            raise Refusal(
                410,
                "gone",
                _("This scan was deleted."),
                more={"receipt": response_serializers.scan(scan, request.user)},
            )
        return _answer(scan, request, 200)

    @describe("deleteScan", {202: response_serializers.Scan}, refusals=["wrong_state", "held", "gone"])
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        """Delete the file, its pictures and its name immediately and permanently. Hash, scores and history are kept.

        On the site, scans are moved to the trash first and can be restored until `purge_at`. Scans in the trash are not
        listed here; this call deletes them immediately too.
        """
        scan = get_trashed_scan(request, pk) or get_owned_scan(request, pk)
        if scan.status == Status.DELETED:
            raise Refusal(410, "gone", _("This scan was deleted."))
        if deletion.is_held(scan):
            raise Refusal(409, "held", _("This scan cannot be deleted while your appeal is open."))
        try:
            deletion.delete(scan, request.user)
        except WrongState as error:
            raise Refusal(409, "wrong_state", _("This scan is being analysed. Cancel it first.")) from error
        scan.refresh_from_db()
        return Response(response_serializers.scan(scan, request.user), 202)


class Cancel(ApiView):
    tag = "scans"

    @describe("cancelScan", {200: response_serializers.Scan}, refusals=["wrong_state"])
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Cancel the analysis of a scan."""
        scan = get_owned_scan(request, pk)
        try:
            intake.cancel(scan, request.user)
        except WrongState as error:
            raise Refusal(409, "wrong_state", _("The analysis has already finished.")) from error
        scan.refresh_from_db()
        return Response(response_serializers.scan(scan, request.user))


class Rescore(ApiView):
    tag = "scans"
    limits: ClassVar[dict[str, str]] = {"POST": "upload"}

    @describe("rescoreScan", {202: response_serializers.Scan}, refusals=["wrong_state", "gone"])
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Analyse a scan again with the current models. Earlier assessments are kept."""
        scan = get_owned_scan(request, pk)
        if scan.status == Status.DELETED:
            raise Refusal(410, "gone", _("This scan was deleted."))
        if scan.status != Status.ANALYSED or scan.sandbox:
            raise Refusal(409, "wrong_state", _("This scan has not been analysed yet."))
        if not scan.media:
            raise Refusal(409, "wrong_state", _("The file was deleted."))
        Event.objects.create(scan=scan, kind="rescore_asked", actor=request.user)
        tasks.send_for_rescore(scan)
        return _answer(scan, request, 202)


class Batches(ApiView):
    tag = "batches"
    limits: ClassVar[dict[str, str]] = {"POST": "upload"}
    is_one_transaction = False

    @describe("listBatches", {200: page_of(response_serializers.BatchOf, "Batch")}, query=[LIMIT, CURSOR])
    def get(self, request: Request) -> Response:
        """List your batches, newest first."""
        rows = of_this_key(request, Batch.objects.filter(owner=request.user))
        return Response(listing.page(request, rows, response_serializers.batches))

    @describe(
        "submitBatch",
        {202: response_serializers.BatchOf},
        body={"multipart/form-data": request_serializers.Batch},
        refusals=FILE_REFUSALS,
        example={"files": "photo.jpg"},
    )
    def post(self, request: Request) -> Response:
        """Upload up to 100 files or zip archives of files. Rejected files are listed and do not affect the others."""
        fields = request_serializers.read(request_serializers.Batch, request)
        if not rules.accepted(request.user):
            raise Refusal(403, "rules_not_accepted", _("Accept the rules of use on the site first."))
        files = [(file.name or "", file) for file in fields.pop("files")]
        batch = self._get_or_create_batch(request)
        for _taken in intake.submit_each(batch, files, source=Source.API, sandbox=batch.sandbox, **fields):
            if self.replay:
                with self.unless_overtaken():
                    idempotency.renew(self.replay)
        with self.once() as keep:
            intake.seal(batch)
            return keep(
                Response(
                    response_serializers.batches([batch])[0], 202, headers={"Location": f"/api/v1/batches/{batch.pk}"}
                )
            )

    def _get_or_create_batch(self, request: Request) -> Batch:
        """A new batch, or the batch that the same request began before it broke off."""
        if self.replay and self.replay.batch:
            return self.replay.batch
        with self.once():
            batch: Batch = Batch.objects.create(owner=request.user, sandbox=is_sandbox(request))
            if self.replay:
                idempotency.keep_batch(self.replay, batch)
        return batch


class OneBatch(ApiView):
    tag = "batches"

    @describe("getBatch", {200: response_serializers.BatchOf})
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Get a batch and the number of its files in each status. To list the files, use `GET /scans?batch=…`."""
        batch = of_this_key(request, Batch.objects.filter(owner=request.user)).filter(pk=pk).first()
        if batch is None:
            raise Absent
        return Response(response_serializers.batches([batch])[0])


def _answer(scan: Scan, request: Request, status: int) -> Response:
    content = response_serializers.scan(scan, request.user)
    answer = Response(content, status)
    answer["Location"] = f"/api/v1/scans/{scan.pk}"
    if scan.is_moving or status == 202:
        seconds = (Scan.seconds_each() or 0) * ((content["queue_position"] or 0) + 1)
        answer["Retry-After"] = str(max(1, round(seconds)))
    return answer
