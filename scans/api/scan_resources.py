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
from . import described, listing, request_serializers, shapes
from .base_views import ApiView, get_owned_scan, get_visible_scan, refuse_deleted
from .documentation import LIMIT, NUMBER, describe, page_of
from .errors import Absent, Refusal

SALT = "scans.api.artifact"
MINUTES = 5


class Assessments(ApiView):
    tag = "evidence"

    @describe("listAssessments", {200: page_of(described.Assessment, "Assessment")}, refusals=["blind_first", "gone"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """List the assessments of a scan, newest first."""
        rows = (
            get_unblinded_scan(request, pk)
            .assessments.select_related("same_as")
            .prefetch_related("findings", "artifacts")
        )
        return Response(listing.whole([shapes.assessment(assessment, _heatmap(assessment)) for assessment in rows]))


class Frames(ApiView):
    tag = "evidence"

    @describe(
        "listFrames", {200: page_of(described.Frame, "Frame")}, query=[LIMIT, NUMBER], refusals=["blind_first", "gone"]
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """List the analysed frames of a video in the latest assessment."""
        assessment = get_unblinded_scan(request, pk).assessment
        frames = [shapes.frame(frame) for frame in assessment.inspection.get("frames", [])] if assessment else []
        return Response(listing.slice_of(request, frames))


class FacesOf(ApiView):
    tag = "evidence"

    @describe(
        "listFaces", {200: page_of(described.Face, "Face")}, query=[LIMIT, NUMBER], refusals=["blind_first", "gone"]
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """List the faces found in the latest assessment."""
        assessment = get_unblinded_scan(request, pk).assessment
        faces = [shapes.face(face) for face in assessment.inspection.get("faces", [])] if assessment else []
        return Response(listing.slice_of(request, faces))


class Artifacts(ApiView):
    tag = "evidence"

    @describe(
        "listArtifacts", {200: page_of(described.ArtifactOf, "Artifact")}, query=[LIMIT, NUMBER],
        refusals=["blind_first", "gone"],
    )  # fmt: skip
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """List the pictures made in the latest assessment. Their URLs are valid for five minutes."""
        scan = get_unblinded_scan(request, pk)
        viewing.note(scan, request.user, "artifacts")
        assessment = scan.assessment
        drawn = (
            [shapes.artifact(artifact, _address(request, artifact)) for artifact in assessment.artifacts.all()]
            if assessment
            else []
        )
        return Response(listing.slice_of(request, drawn))


class ArtifactContent(ApiView):
    tag = "evidence"
    permission_classes = (AllowAny,)
    scopes: ClassVar[dict[str, str]] = {}

    @describe("getArtifact", {200: OpenApiTypes.BINARY}, media="image/*", public=True)
    def get(self, request: Request, token: str) -> HttpResponseBase:
        """Get a picture. Its URL needs no key and is valid for five minutes."""
        try:
            pk = signing.loads(token, salt=SALT, max_age=MINUTES * 60)
        except signing.BadSignature as error:
            raise NotAuthenticated(_("This link has expired. List the pictures again to get a new one.")) from error
        artifact = Artifact.objects.filter(pk=pk).first()
        if artifact is None:
            raise Absent
        kind = "image/png" if str(artifact.file.name).endswith(".png") else "image/jpeg"
        answer = FileResponse(artifact.file.open("rb"), content_type=kind)
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Cache-Control"] = "private, max-age=300"
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
    replays = False

    @describe(
        "verifyReport",
        {200: described.ReportOf},
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
        unknown = {"object": "report", "standing": "unknown", "code": None, "made_at": None}
        return Response(shapes.report(report) if report else unknown)


class OneReport(ApiView):
    tag = "evidence"

    @describe("getReportStanding", {200: described.ReportOf})
    def get(self, request: Request, code: str) -> Response:
        """Get the status of a report by its check code."""
        report = Report.objects.select_related("assessment__scan").filter(code=code.upper()).first()
        if report is None:
            raise Absent
        return Response(shapes.report(report))


class Appeals(ApiView):
    tag = "people"

    @describe("listAppeals", {200: page_of(described.Appeal, "Appeal")}, refusals=["gone"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """List your appeals against decisions on a scan."""
        scan = refuse_deleted(get_owned_scan(request, pk))
        rows = Appeal.objects.filter(decision__scan=scan).select_related("decision", "answered_by")
        return Response(listing.whole([shapes.appeal(appeal) for appeal in rows]))

    @describe(
        "appealDecision",
        {201: described.Appeal},
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
            return Response(shapes.appeal(appeals.make(decision, request.user, text)), 201)
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
        {201: described.FeedbackOf},
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
        return Response(shapes.feedback(feedback), 201)


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


def _address(request: Request, artifact: Artifact) -> str:
    token = signing.dumps(str(artifact.pk), salt=SALT)
    return request.build_absolute_uri(f"/api/v1/artifacts/{token}")
