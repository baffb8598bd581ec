"""The OpenAPI description, made from the views and serializers themselves."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers

from ..library import exports
from ..models import Outcome, Status
from . import listing, response_serializers
from .listing import MOST, USUAL

PROBLEM = "application/problem+json"
# Every error code: its HTTP status, and when it is sent.
CODES: dict[str, tuple[int, str]] = {
    "unauthorized": (401, "The API key is missing, invalid, expired or revoked."),
    "forbidden": (403, "The key does not have the scope, or its owner does not have the role."),
    "rules_not_accepted": (403, "The owner of the key has not accepted the rules of use yet."),
    "not_found": (404, "There is no such object, or you do not have access to it."),
    "wrong_state": (409, "Not possible in the current state of the object."),
    "held": (409, "The scan cannot be deleted: an appeal is open, or it is under a legal hold."),
    "version_conflict": (409, "The scan has changed since the version in the request."),
    "already_claimed": (409, "Somebody else has claimed this item."),
    "blind_first": (409, "Your own assessment is needed first: `POST /queue-items/{id}/first-answer`."),
    "already_decided": (409, "Already decided, or waiting for a second person."),
    "no_appeal": (409, "There is no decision to appeal, an appeal was made already, or the deadline has passed."),
    "idempotency_in_progress": (409, "The first request with this Idempotency-Key is still running."),
    "gone": (410, "The scan was deleted."),
    "file_too_large": (413, "The file or the request is too large."),
    "quota_exceeded": (413, "Your storage is full. Delete files to make room."),
    "unsupported_media": (
        415,
        "The file is not a supported image or video, or the `Content-Type` of the request is not supported.",
    ),
    "validation_error": (422, "A field or parameter is invalid; `errors` lists which."),
    "empty": (422, "The file is empty."),
    "malware": (422, "The virus scanner of this site reported the file."),
    "url_refused": (422, "Files cannot be fetched from this URL."),
    "url_failed": (422, "The URL returned no file."),
    "policy_needed": (422, "A decision that contradicts the models needs a policy."),
    "answer_needed": (422, "An appeal needs a written answer: `note_public`."),
    "idempotency_mismatch": (422, "This Idempotency-Key was used for a different request."),
    "rate_limited": (429, "Too many requests. Wait for `Retry-After` seconds."),
    "internal": (500, "Internal error. It is logged under `request_id`."),
    "unavailable": (503, "Temporarily unavailable. Try again soon."),
    "busy": (503, "Too many files are being fetched. Try again soon."),
    "no_space": (507, "The server has no disk space for uploads."),
}
MALFORMED = (400, "validation_error", "The request body is not valid JSON or multipart form data.")
ALWAYS = ("unauthorized", "forbidden", "rate_limited", "internal", "unavailable")
SENT = ("unsupported_media", "validation_error", "file_too_large")
TAGS = {
    "scans": "Upload files and read their results.",
    "evidence": "What an outcome is based on: assessments, faces, frames, pictures, reports.",
    "people": "Decisions by people, appeals and feedback.",
    "batches": "Upload many files at once.",
    "library": "Put tags on scans, and collect scans of one story in cases, to share and export them together.",
    "sync": "Read what has changed since your last request.",
    "webhooks": "Receive a message when something changes.",
    "desk": "Review queues: claim items and decide.",
    "site": "What this installation supports, and your own account and limits.",
}


def header(name: str, description: str, **options: Any) -> OpenApiParameter:
    return OpenApiParameter(name, location=OpenApiParameter.HEADER, description=description, **options)


HEADERS = [
    header("X-Request-ID", "ID of this request, also in the site's log.", response=True),
    header("RateLimit-Policy", 'The limit: `"upload";q=5;w=60` means 5 requests in 60 seconds.', response=True),
    header(
        "RateLimit", 'What is left: `"upload";r=3;t=41` means 3 more requests in the next 41 seconds.', response=True
    ),
    header("X-RateLimit-Limit", "Requests allowed in the period.", response=True),
    header("X-RateLimit-Remaining", "Requests left in the period.", response=True),
    header("X-RateLimit-Reset", "Seconds until the period starts again.", response=True),
]
IDEMPOTENCY = header(
    "Idempotency-Key",
    "A key of your own for this request. If you send the request again with the same key within 24 hours, it is not"
    " repeated: you get the first response again, with `Idempotency-Replayed: true`.",
    type={"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
)


def query(name: str, description: str, schema: Any) -> OpenApiParameter:
    return OpenApiParameter(name, type=schema, location=OpenApiParameter.QUERY, description=description)


LIMIT = query("limit", "Results per page.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL})
PAGE = "Position in the list, as in the URLs of `next` and `previous`."
CURSOR = query("cursor", PAGE, {"type": "string", "pattern": listing.MOMENT})
PLACE = query("cursor", PAGE, {"type": "string", "pattern": listing.PLACE})
QUEUE_PLACE = query("cursor", PAGE, {"type": "string", "pattern": listing.QUEUE_PLACE})
NUMBER = query("cursor", PAGE, {"type": "string", "pattern": listing.NUMBER})
WAIT = query(
    "wait", "Wait up to this many seconds for the result.",
    {"type": "number", "minimum": 0, "maximum": 30},
)  # fmt: skip
EXPORT = query("as", "Type of the file.", {"type": "string", "enum": list(exports.FORMS), "default": exports.FORMS[0]})
NO_ZERO = r"^[^\u0000]*$"  # databases can't store it
NAMED = {"type": "string", "minLength": 1, "maxLength": 120, "pattern": NO_ZERO}
FILTERS: dict[str, tuple[str, Any]] = {
    "status": ("Only scans with this status.", {"type": "string", "enum": list(Status.values)}),
    "outcome": ("Only scans with this outcome of the models.", {"type": "string", "enum": list(Outcome.values)}),
    "effective": ("Only scans with this effective outcome.", {"type": "string", "enum": list(Outcome.values)}),
    "review_state": ("Only scans in this state of review.", {"type": "string", "enum": list(listing.REVIEW_STATES)}),
    "sha256": ("Only files with this SHA-256.", {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}),
    "external_id": ("Only scans with this ID of yours.", NAMED),
    "batch": ("Only scans of this batch.", {"type": "string", "format": "uuid"}),
    "tag": ("Only scans with this tag of yours, in upper or lower case.", NAMED),
    "created_after": ("Only scans uploaded at this time or later.", {"type": "string", "format": "date-time"}),
    "created_before": ("Only scans uploaded before this time.", {"type": "string", "format": "date-time"}),
    "updated_since": ("Only scans that changed at this time or later.", {"type": "string", "format": "date-time"}),
    "scan": ("Only events of this scan.", {"type": "string", "format": "uuid"}),
    "queue": ("Only items of the queue with this `slug`.", NAMED),
    "endpoint": ("Only deliveries to this endpoint.", {"type": "string", "format": "uuid"}),
    "state": ("Only deliveries in this state.", {"type": "string", "enum": ["pending", "delivered", "dead"]}),
}


def filters(names: Mapping[str, Any]) -> list[OpenApiParameter]:
    return [query(name, *FILTERS[name]) for name in names]


@cache
def page_of(shape: type[serializers.Serializer[Any]], name: str) -> Any:
    """A page of a list, as its own shape, which several operations can share."""
    fields = {
        "results": shape(many=True, help_text="The objects on this page."),
        "next": serializers.URLField(allow_null=True, help_text="URL of the next page; null on the last page."),
        "previous": serializers.URLField(
            allow_null=True, help_text="URL of the previous page; null on the first page."
        ),
        "__doc__": "A page of a list.",
    }
    return type(f"{name}Page", (serializers.Serializer,), fields)


class ByMedia(dict[str, Any]):
    """What a response holds, for each media type that it can have."""


def describe(
    name: str,
    answers: Mapping[int, Any],
    *,
    body: Any = None,
    query: Iterable[OpenApiParameter] = (),
    refusals: Iterable[str] = (),
    example: Mapping[str, Any] | None = None,
    media: str = "application/json",
    public: bool = False,
) -> Any:
    """Describe an operation: its name, responses, request, error codes, and an example that works."""
    sent_as = next(iter(body)) if isinstance(body, Mapping) else "application/json"
    samples = [OpenApiExample("example", value=dict(example), request_only=True, media_type=sent_as)] if example else []
    extensions: dict[str, Any] = {"x-refusals": list(refusals), **({"x-public": True} if public else {})}
    query = list(query)
    described_as = extend_schema(
        operation_id=name,
        request=body,
        parameters=[*query, *HEADERS],
        responses={
            (status, kind): shape
            for status, content in answers.items()
            for kind, shape in (content if isinstance(content, ByMedia) else {media: content}).items()
        },
        examples=samples,
        extensions=extensions,
    )

    def decorate(method: Callable[..., Any]) -> Any:
        view: Any = described_as(method)
        view.parameters = frozenset(parameter.name for parameter in query)
        return view

    return decorate


class Schema(AutoSchema):
    """Adds the parts that all operations share."""

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_auth(self) -> list[dict[str, Any]]:
        return [{}] if self.get_extensions().get("x-public") else [{"key": []}, {"session": []}]

    def get_description(self) -> str:
        text = super().get_description() or ""
        scope = self.view.scopes.get(self.method)
        return f"{text}\n\nScope: `{scope}`." if scope else text

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        return [*parameters, IDEMPOTENCY] if self.method == "POST" and self.view.replays else parameters

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            codes = [*ALWAYS, *operation.pop("x-refusals", [])]
            operation.pop("x-public", None)
            codes += self._usual_refusals(operation)
            problem = self.resolve_serializer(response_serializers.Problem, "response").ref
            shared = next(iter(operation["responses"].values())).get("headers", {})
            _add_problems(operation["responses"], codes, shared, problem)
        return operation

    def _usual_refusals(self, operation: dict[str, Any]) -> list[str]:
        codes = ["not_found"] if "{" in self.path else []
        if operation.get("requestBody"):
            codes += SENT
        if self.method == "GET":
            codes.append("validation_error")
        if self.method == "POST" and self.view.replays:
            codes += ["idempotency_in_progress", "idempotency_mismatch", "validation_error", "file_too_large"]
        return codes


def _add_problems(responses: dict[str, Any], codes: Iterable[str], shared: Any, problem: Any) -> None:
    status, code, when = MALFORMED
    by_status: dict[int, dict[str, str]] = {status: {code: when}}
    for code in codes:
        status, when = CODES[code]
        by_status.setdefault(status, {})[code] = when
    for status, those in sorted(by_status.items()):
        headers = {} if status in (400, 500, 503) else dict(shared)  # perhaps before or without counting
        if status in (429, 503):
            headers["Retry-After"] = WAITING
        responses[str(status)] = {
            "description": "\n".join(f"`{code}`: {when}" for code, when in those.items()),
            "headers": headers,
            "content": {PROBLEM: {"schema": problem}},
        }


def finished(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add what drf-spectacular does not support: authentication, tags, and links between operations."""
    headers: dict[str, Any] = {}
    refusals: dict[str, Any] = {}
    _add_links(result["paths"])
    for verbs in result["paths"].values():
        for operation in verbs.values():
            for status, answer in operation["responses"].items():
                answer["description"] = answer.get("description") or DONE[status]
                for name, content in answer.get("headers", {}).items():
                    headers[name] = content
                    answer["headers"][name] = {"$ref": f"#/components/headers/{name}"}
                if PROBLEM in answer.get("content", {}):
                    name = f"{status}-{'-'.join(re.findall(r'^`([a-z_]+)`', answer['description'], re.M))}"
                    refusals[name] = answer
                    operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    for name, shape in result["components"]["schemas"].items():
        for field in shape.get("properties", {}).values():
            for text in (field, field.get("items", {})):
                if name.endswith("Request") and "string" in text.get("type", "") and not {"enum", "format"} & set(text):
                    text["pattern"] = NO_ZERO
            field.pop("x-spec-enum-id", None)
            field.get("items", {}).pop("x-spec-enum-id", None)
    result["components"]["headers"] = dict(sorted(headers.items()))
    result["components"]["responses"] = dict(sorted(refusals.items()))
    result["components"]["securitySchemes"] = {
        "key": {
            "type": "http", "scheme": "bearer",
            "description": "`Authorization: Bearer dfm_live_…`. Create a key on the site, under Account, API keys.",
        },
        "session": {
            "type": "apiKey", "in": "cookie", "name": "session",
            "description": "A signed-in browser. Requests that change something also need `X-CSRFToken`.",
        },
    }  # fmt: skip
    result["tags"] = [{"name": name, "description": content} for name, content in TAGS.items()]
    result["info"]["description"] = INTRODUCTION
    result["servers"] = [{"url": "/", "description": "This site."}]
    return result


INTRODUCTION = """\
Responses are JSON. Errors are `application/problem+json` with a stable `code`. Times are RFC 3339 in UTC.
New fields and values may be added; under `/api/v1` nothing is renamed or removed. Treat an outcome that you do not know
as `inconclusive`.

Most integrations need only `effective`: the current outcome, decided by a person or estimated by the models."""
WAITING = {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds to wait before the next request."}
DONE = {"200": "OK", "201": "Created", "202": "Accepted for processing", "204": "Deleted"}
# Where an id of each resource comes from: operation, status, place in the answer.
FROM: dict[str, tuple[tuple[str, str, str], ...]] = {
    "scans": (("submitScan", "202", "/id"), ("submitScan", "200", "/id"), ("listScans", "200", "/results/0/id")),
    "batches": (("submitBatch", "202", "/id"), ("listBatches", "200", "/results/0/id")),
    "queue-items": (("listQueueItems", "200", "/results/0/id"),),
    "cases": (("createCase", "201", "/id"), ("listCases", "200", "/results/0/id")),
    "case-links": (("shareCase", "201", "/id"),),
    "webhook-endpoints": (("createWebhookEndpoint", "201", "/id"),),
    "webhook-deliveries": (("pingWebhookEndpoint", "202", "/id"), ("listWebhookDeliveries", "200", "/results/0/id")),
}


def _add_links(paths: dict[str, Any]) -> None:
    """Add links from a response to the operations that can follow."""
    operations = {operation["operationId"]: operation for verbs in paths.values() for operation in verbs.values()}
    for path, verbs in paths.items():
        head, brace, _tail = path.removeprefix("/api/v1/").partition("/{id}")
        if not brace or head not in FROM:
            continue
        for onward in verbs.values():
            name = onward["operationId"]
            for source, status, place in FROM[head]:
                links = operations[source]["responses"][status].setdefault("links", {})
                links[name] = {"operationId": name, "parameters": {"path.id": f"$response.body#{place}"}}
