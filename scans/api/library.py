"""Tags and cases: how people keep order among their own scans."""

import uuid
from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from django.db.models import Count, Q
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from ..library import cases, exports, tags
from ..models import Case, CaseLink, Scan, Status, Tag
from ..models.library import PRESENT
from . import listing, request_serializers, response_serializers
from .base_views import (
    ApiView,
    get_owned_scan,
    is_sandbox,
    of_this_key,
    owned_scans,
    refuse_deleted,
    scopes_of,
)
from .documentation import CURSOR, EXPORT, LIMIT, ByMedia, describe, page_of
from .errors import Absent, Refusal

WRITE = "scans:write"
SCOPES: dict[str, str] = {"GET": "scans:read", "POST": WRITE, "PUT": WRITE, "PATCH": WRITE, "DELETE": WRITE}


class Tags(ApiView):
    tag = "library"
    scopes = SCOPES

    @describe("listTags", {200: page_of(response_serializers.TagOf, "Tag")})
    def get(self, request: Request) -> Response:
        """List your tags by name, with the number of scans that have them."""
        rows, scans = Tag.objects.filter(owner=request.user), PRESENT
        if request.auth:  # a word that only the other kind of key has used is not shown
            of_key = Q(scans__sandbox=is_sandbox(request))
            rows, scans = rows.filter(of_key), scans & of_key
        counted = rows.annotate(count=Count("scans", filter=scans, distinct=True))
        return Response(listing.whole(response_serializers.TagOf(counted, many=True).data))


class TagsOfScan(ApiView):
    tag = "library"
    scopes = SCOPES

    @describe(
        "setTags",
        {200: response_serializers.Scan},
        body={"application/json": request_serializers.NewTags},
        refusals=["gone"],
        example={"tags": ["election", "urgent"]},
    )
    def put(self, request: Request, pk: uuid.UUID) -> Response:
        """Set the tags of your scan: exactly these. An empty list removes all. Only you can see your tags."""
        scan = refuse_deleted(get_owned_scan(request, pk))
        tags.set_tags(scan, request_serializers.read(request_serializers.NewTags, request)["tags"])
        return Response(response_serializers.scan(scan, request.user))


class Cases(ApiView):
    tag = "library"
    scopes = SCOPES

    @describe("listCases", {200: page_of(response_serializers.CaseOf, "Case")}, query=[LIMIT, CURSOR])
    def get(self, request: Request) -> Response:
        """List your cases, newest first."""
        return Response(
            listing.page(
                request,
                owned_cases(request).with_counts(),
                lambda cases: response_serializers.CaseOf(cases, many=True).data,
            )
        )

    @describe(
        "createCase",
        {201: response_serializers.CaseOf},
        body={"application/json": request_serializers.NewCase},
        refusals=["not_found"],
        example={"title": "The speech of 3 March", "notes": "Sent by two readers."},
    )
    def post(self, request: Request) -> Response:
        """Create a case, with scans of yours if you list them."""
        fields = request_serializers.read(request_serializers.NewCase, request)
        scans = get_scans(request, fields.pop("scans"))
        case: Case = Case.objects.create(owner=request.user, sandbox=is_sandbox(request), **fields)
        cases.add(case, scans, request.user)
        return respond(case, 201)


class OneCase(ApiView):
    tag = "library"
    scopes = SCOPES

    @describe("getCase", {200: response_serializers.CaseOf})
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Get a case. With the scope `review:read`: also cases of others."""
        return respond(get_visible_case(request, pk))

    @describe(
        "changeCase",
        {200: response_serializers.CaseOf},
        body={"application/json": request_serializers.CaseChange},
        example={"title": "The speech of 4 March"},
    )
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        """Rename your case, or change its notes."""
        fields = request_serializers.read(request_serializers.CaseChange, request)
        case = get_owned_case(request, pk)
        for name, value in fields.items():
            setattr(case, name, value)
        case.save(update_fields=[*fields, "changed_at"])
        return respond(case)

    @describe("deleteCase", {204: None})
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        """Delete your case and its links. Its scans are kept."""
        cases.delete(get_owned_case(request, pk), request.user)
        return Response(status=204)


class ScansOfCase(ApiView):
    tag = "library"
    scopes = SCOPES

    @describe("listScansOfCase", {200: page_of(response_serializers.Scan, "Scan")}, query=[LIMIT, CURSOR])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """List the scans of a case, newest first, without those in the trash."""
        rows = of_this_key(request, cases.present(get_visible_case(request, pk)))
        return Response(listing.page(request, rows, lambda rows: response_serializers.scans(rows, request.user)))

    @describe(
        "addScansToCase",
        {200: response_serializers.CaseOf},
        body={"application/json": request_serializers.SomeScans},
        example={"scans": [response_serializers.EXAMPLE_SCAN]},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Add scans of yours to your case. If the case is shared, its links show them too."""
        case = get_owned_case(request, pk)
        ids = request_serializers.read(request_serializers.SomeScans, request)["scans"]
        cases.add(case, get_scans(request, ids), request.user)
        return respond(case)


class RemoveScans(ApiView):
    tag = "library"
    scopes = SCOPES

    @describe(
        "removeScansFromCase",
        {200: response_serializers.CaseOf},
        body={"application/json": request_serializers.SomeScans},
        example={"scans": [response_serializers.EXAMPLE_SCAN]},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Take scans out of your case. The scans are kept; those that are not in the case are ignored."""
        case = get_owned_case(request, pk)
        ids = request_serializers.read(request_serializers.SomeScans, request)["scans"]
        cases.take_out(case, of_this_key(request, Scan.objects.filter(pk__in=ids)).values_list("pk", flat=True))
        return respond(case)


class ExportOfCase(ApiView):
    tag = "library"
    scopes = SCOPES
    limits: ClassVar[dict[str, str]] = {"GET": "export"}

    @describe(
        "exportCase",
        {
            200: ByMedia(
                {
                    "text/csv": OpenApiTypes.STR,
                    "application/json": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
                    "application/zip": OpenApiTypes.BINARY,
                }
            )
        },
        query=[EXPORT],
    )
    def get(self, request: Request, pk: uuid.UUID) -> StreamingHttpResponse:
        """Export the scans of your case: a table as CSV or JSON, or a zip archive with the files, tables and notes."""
        form = listing.choice(request, "as", exports.FORMS)
        case = get_owned_case(request, pk)
        scans = of_this_key(request, cases.present(case))
        return exports.export(request.user, scans, form, notes=f"{case.title}\n\n{case.notes}".strip())


class LinksOfCase(ApiView):
    tag = "library"
    scopes = SCOPES

    @describe("listCaseLinks", {200: page_of(response_serializers.CaseLinkOf, "CaseLink")})
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """List the links to your case, newest first."""
        links = get_owned_case(request, pk).links.all()[: listing.MOST]
        context = {"address_of": partial(address_of, request)}
        return Response(listing.whole(response_serializers.CaseLinkOf(links, many=True, context=context).data))

    @describe(
        "shareCase",
        {201: response_serializers.CaseLinkOf},
        body={"application/json": request_serializers.NewLink},
        example={"days": 7, "with_notes": True},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Create a link to your case. Anyone who has it can see the results, without names of files or people."""
        case = get_owned_case(request, pk)
        link = cases.share(case, request.user, **request_serializers.read(request_serializers.NewLink, request))
        context = {"address_of": partial(address_of, request)}
        return Response(response_serializers.CaseLinkOf(link, context=context).data, 201)


class OneLink(ApiView):
    tag = "library"
    scopes = SCOPES

    @describe("revokeCaseLink", {204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Revoke a link to your case."""
        link = CaseLink.objects.filter(case__in=owned_cases(request), pk=pk).first()
        if link is None:
            raise Absent
        cases.revoke(link, request.user)
        return Response(status=204)


def owned_cases(request: Request) -> Any:
    return of_this_key(request, Case.objects.filter(owner=request.user))


def get_owned_case(request: Request, pk: uuid.UUID) -> Case:
    case: Case | None = owned_cases(request).filter(pk=pk).first()
    if case is None:
        raise Absent
    return case


def get_visible_case(request: Request, pk: uuid.UUID) -> Case:
    """One's own; with the scope of the desk, any that the person may see."""
    if "review:read" not in scopes_of(request):
        return get_owned_case(request, pk)
    case: Case | None = of_this_key(request, Case.objects.visible_to(request.user)).filter(pk=pk).first()
    if case is None:
        raise Absent
    return case


def get_scans(request: Request, ids: Iterable[uuid.UUID]) -> list[Scan]:
    """One's own scans with these ids. All or none."""
    wanted = list(dict.fromkeys(ids))
    scans = {scan.pk: scan for scan in owned_scans(request).exclude(status=Status.DELETED).filter(pk__in=wanted)}
    missing = {f"scans/{number}": _("There is no such scan.") for number, pk in enumerate(ids) if pk not in scans}
    if missing:
        raise Refusal(404, "not_found", _("Some of these scans do not exist, or are not yours."), missing)
    return [scans[pk] for pk in wanted]


def respond(case: Case, status: int = 200) -> Response:
    row = Case.objects.with_counts().get(pk=case.pk)
    return Response(response_serializers.CaseOf(row).data, status)


def address_of(request: Request, link: CaseLink) -> str:
    return request.build_absolute_uri(f"/shared/cases/{link.token}/")
