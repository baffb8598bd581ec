"""What belongs to a scan: assessments and their evidence, appeals, feedback, reports."""

import uuid
from typing import Any, ClassVar

from django.core import signing
from django.db import transaction
from django.http import FileResponse, HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from ..analysis import routing
from ..evidence import report as reports
from ..evidence import viewing
from ..models import Appeal, Artifact, Decision, Event, Feedback, Report, Scan
from ..outcome import blind
from ..outcome.result import Result
from ..review import appeals
from . import listing, request_serializers, response_serializers
from .base_views import ApiView, get_owned_scan, get_visible_scan, refuse_deleted
from .documentation import LIMIT, NUMBER, describe, page_of
from .errors import Absent, Refusal

MINUTES = 5


class Assessments(ApiView):
    tag = "evidence"

    @describe(
        "listAssessments",
        {200: page_of(response_serializers.Assessment, "Assessment")},
        refusals=["blind_first", "gone"],
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """List the assessments of a scan, newest first."""
        rows = (
            get_unblinded_scan(request, pk)
            .assessments.select_related("same_as")
            .prefetch_related("findings", "artifacts")
        )
        context = {"heatmaps": {assessment.pk: _heatmap(assessment) for assessment in rows}}
        return Response(listing.whole(response_serializers.Assessment(rows, many=True, context=context).data))


class Frames(ApiView):
    tag = "evidence"

    @describe(
        "listFrames",
        {200: page_of(response_serializers.Frame, "Frame")},
        query=[LIMIT, NUMBER],
        refusals=["blind_first", "gone"],
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """List the analysed frames of a video in the latest assessment."""
        assessment = get_unblinded_scan(request, pk).assessment
        frames = assessment.inspection.get("frames", []) if assessment else []
        return Response(listing.slice_of(request, response_serializers.Frame(frames, many=True).data))


class FacesOf(ApiView):
    tag = "evidence"

    @describe(
        "listFaces",
        {200: page_of(response_serializers.Face, "Face")},
        query=[LIMIT, NUMBER],
        refusals=["blind_first", "gone"],
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """List the faces found in the latest assessment."""
        assessment = get_unblinded_scan(request, pk).assessment
        faces = assessment.inspection.get("faces", []) if assessment else []
        return Response(listing.slice_of(request, response_serializers.Face(faces, many=True).data))


class Artifacts(ApiView):
    tag = "evidence"

    @describe(
        "listArtifacts", {200: page_of(response_serializers.ArtifactOf, "Artifact")}, query=[LIMIT, NUMBER],
        refusals=["blind_first", "gone"],
    )  # fmt: skip
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """List the pictures made in the latest assessment. Their URLs are valid for five minutes."""
        scan = get_unblinded_scan(request, pk)
        viewing.note(scan, request.user, "artifacts")
        assessment = scan.assessment
        rows = assessment.artifacts.all() if assessment else []
        pictures = response_serializers.ArtifactOf(rows, many=True, context={"request": request}).data
        return Response(listing.slice_of(request, pictures))


class ArtifactContent(ApiView):
    tag = "evidence"
    permission_classes = (AllowAny,)
    scopes: ClassVar[dict[str, str]] = {}

    @describe("getArtifact", {200: OpenApiTypes.BINARY}, media="image/*", public=True)
    def get(self, request: Request, token: str) -> HttpResponseBase:
        """Get a picture. Its URL needs no key and is valid for five minutes."""
        try:
            pk = signing.loads(token, salt=response_serializers.ARTIFACT_SALT, max_age=MINUTES * 60)
        except signing.BadSignature as error:
            raise NotAuthenticated(_("This link has expired. List the pictures again to get a new one.")) from error
        artifact = Artifact.objects.filter(pk=pk).first()
        if artifact is None:
            raise Absent
        kind = "image/png" if str(artifact.file.name).endswith(".png") else "image/jpeg"
        answer = FileResponse(artifact.file.open("rb"), content_type=kind)
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Cache-Control"] = "private, no-store"
        return answer


class ReportOf(ApiView):
    tag = "evidence"
    scopes: ClassVar[dict[str, str]] = {"GET": "scans:read"}

    @describe("getReport", {200: OpenApiTypes.BINARY}, media="application/pdf", refusals=["wrong_state", "gone"])
    def get(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        """Get the report on the current result as a PDF. It is the same file until the result changes."""
        scan = refuse_deleted(get_owned_scan(request, pk))
        if scan.assessment is None or not scan.media:
            raise Refusal(409, "wrong_state", _("This scan has not been analysed yet."))
        try:
            issued = reports.issue(
                Result(scan, scan.assessment), request.user,
                lambda code: request.build_absolute_uri(f"/check/?code={code}"),
            )  # fmt: skip
        except reports.Incomplete as error:
            raise Refusal(409, "wrong_state", _("The report could not be created.")) from error
        return FileResponse(
            issued.file.open("rb"), as_attachment=True, filename=f"report-{issued.code}.pdf",
            content_type="application/pdf",
        )  # fmt: skip


class CheckReport(ApiView):
    """Public; shows no more than the page that checks reports."""

    tag = "evidence"
    permission_classes = (AllowAny,)
    scopes: ClassVar[dict[str, str]] = {}
    limits: ClassVar[dict[str, str]] = {"POST": "export"}
    replays = False

    @describe(
        "verifyReport",
        {200: response_serializers.ReportOf},
        body={"application/json": request_serializers.CheckCode, "multipart/form-data": request_serializers.CheckFile},
        example={"code": "2345-6789-ABCD"},
        public=True,
    )
    def post(self, request: Request) -> Response:
        """Check whether this site issued a report, by its check code or its PDF file. No key needed."""
        issued = Report.objects.select_related("assessment__scan")
        if request_serializers.is_form(request):
            with request_serializers.read(request_serializers.CheckFile, request)["file"] as file:
                report = issued.filter(sha256=file.sha256).first()
        else:
            code = request_serializers.read(request_serializers.CheckCode, request)["code"]
            report = issued.filter(code=code.strip().upper()).first()
        unknown = {"standing": "unknown", "code": None, "made_at": None}
        return Response(response_serializers.ReportOf(report or unknown).data)


class OneReport(ApiView):
    tag = "evidence"

    @describe("getReportStanding", {200: response_serializers.ReportOf})
    def get(self, request: Request, code: str) -> Response:
        """Get the status of a report by its check code."""
        report = Report.objects.select_related("assessment__scan").filter(code=code.upper()).first()
        if report is None:
            raise Absent
        return Response(response_serializers.ReportOf(report).data)


class Appeals(ApiView):
    tag = "people"

    @describe("listAppeals", {200: page_of(response_serializers.Appeal, "Appeal")}, refusals=["gone"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """List your appeals against decisions on a scan."""
        scan = refuse_deleted(get_owned_scan(request, pk))
        rows = Appeal.objects.filter(decision__scan=scan).select_related("decision", "answered_by")
        return Response(listing.whole(response_serializers.Appeal(rows, many=True).data))

    @describe(
        "appealDecision",
        {201: response_serializers.Appeal},
        body={"application/json": request_serializers.AppealRequest},
        refusals=["no_appeal", "gone"],
        example={"text": "This is my own unedited photograph; I can send the raw file."},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Appeal a decision, once. A person who was not involved answers in writing."""
        scan = refuse_deleted(get_owned_scan(request, pk))
        text = request_serializers.read(request_serializers.AppealRequest, request)["text"]
        decision = Decision.objects.settled().filter(scan=scan).first()
        try:
            if decision is None:
                raise appeals.NoAppeal
            return Response(response_serializers.Appeal(appeals.make(decision, request.user, text)).data, 201)
        except appeals.NoAppeal as error:
            raise Refusal(
                409,
                "no_appeal",
                _("There is no decision to appeal, an appeal was made already, or the deadline has passed."),
            ) from error


class FeedbackOf(ApiView):
    tag = "people"

    @describe(
        "giveFeedback",
        {201: response_serializers.FeedbackOf},
        body={"application/json": request_serializers.Opinion},
        refusals=["wrong_state", "gone"],
        example={"label": "missed", "comment": "The mouth was replaced."},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Send feedback on the latest assessment. It does not change the outcome; reviewers can read it."""
        scan = refuse_deleted(get_owned_scan(request, pk))
        fields = request_serializers.read(request_serializers.Opinion, request)
        if scan.assessment is None:
            raise Refusal(409, "wrong_state", _("This scan has not been analysed yet."))
        with transaction.atomic():
            feedback = Feedback.objects.create(
                assessment=scan.assessment, person=request.user, kind=fields["label"], text=fields["comment"]
            )
            Event.objects.create(scan=scan, kind="feedback", actor=request.user, content={"kind": fields["label"]})
            routing.feedback_given(scan, scan.assessment)
        return Response(response_serializers.FeedbackOf(feedback).data, 201)


def get_unblinded_scan(request: Request, pk: uuid.UUID) -> Scan:
    """A scan whose assessment this person may see."""
    scan = refuse_deleted(get_visible_scan(request, pk))
    if blind.is_withheld(scan, request.user):
        raise Refusal(409, "blind_first", _("Give your own assessment first."))
    return scan


def _heatmap(assessment: Any) -> uuid.UUID | None:
    return next(
        (artifact.pk for artifact in assessment.artifacts.all() if artifact.kind == Artifact.Kind.HEATMAP), None
    )
