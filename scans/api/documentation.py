"""How operations tell of themselves: the OpenAPI description is made of the code that answers."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers

from ..models import Outcome, Status
from . import described, listing
from .listing import MOST, USUAL

PROBLEM = "application/problem+json"
# Every code that a program may meet: status, and when.
CODES: dict[str, tuple[int, str]] = {
    "unauthorized": (401, "There is no key, or it opens nothing any more."),
    "forbidden": (403, "The key lacks the scope, or the person the role."),
    "rules_not_accepted": (403, "The owner of the key has not accepted the rules of use on the site."),
    "not_found": (404, "It is not there, or it is somebody else's: the answer is the same."),
    "wrong_state": (409, "It can't be done now: too late, too early, or done already."),
    "held": (409, "An appeal to it is open: it is kept until that is answered."),
    "version_conflict": (409, "The scan has changed since the version that was looked at."),
    "already_claimed": (409, "Somebody else has it."),
    "blind_first": (409, "Say first what you see: `POST /queue-items/{id}/first-answer`."),
    "already_decided": (409, "Somebody was faster, or a second person is asked."),
    "no_appeal": (409, "There is no decision to appeal, it was appealed already, or it is too late."),
    "idempotency_in_progress": (409, "The first request with this Idempotency-Key is not answered yet."),
    "gone": (410, "It was deleted."),
    "file_too_large": (413, "The file, or the whole request."),
    "quota_exceeded": (413, "No room is left for files: delete some."),
    "unsupported_media": (415, "Neither a picture nor a video that can be read here; or the request's own type."),
    "validation_error": (422, "A field or a filter can't be used; `errors` says which."),
    "empty": (422, "The file is empty."),
    "url_refused": (422, "Nothing is fetched from this address."),
    "url_failed": (422, "The address gave no file."),
    "policy_needed": (422, "Contradicting the models takes a policy."),
    "answer_needed": (422, "Whoever objected gets a written answer: `note_public`."),
    "idempotency_mismatch": (422, "This Idempotency-Key stands for another request."),
    "rate_limited": (429, "Too many; `Retry-After` says when to go on."),
    "internal": (500, "Something broke here. It has been noted under the request's id."),
    "unavailable": (503, "A part of the site is away; try again soon."),
    "busy": (503, "Too many addresses are being fetched; try again soon."),
    "no_space": (507, "There is no room for uploads at present."),
}
MALFORMED = (400, "validation_error", "The request can't be read: no JSON, or no multipart form.")
ALWAYS = ("unauthorized", "forbidden", "rate_limited", "internal", "unavailable")
SENT = ("unsupported_media", "validation_error", "file_too_large")
TAGS = {
    "scans": "Hand files in and read what is said of them.",
    "evidence": "What the outcome rests on.",
    "people": "What people decided, and how to object.",
    "batches": "Many files at once.",
    "sync": "Keep up with what changes.",
    "webhooks": "Be told of what changes.",
    "desk": "Work at the desk by program.",
    "site": "What this installation can do, and what you may.",
}


def header(name: str, said: str, **options: Any) -> OpenApiParameter:
    return OpenApiParameter(name, location=OpenApiParameter.HEADER, description=said, **options)


HEADERS = [
    header("X-Request-ID", "Of this request; also in the site's log.", response=True),
    header("RateLimit-Policy", 'What may be asked: `"upload";q=5;w=60` is five in a minute.', response=True),
    header("RateLimit", 'What is left of it: `"upload";r=3;t=41` is three for 41 seconds.', response=True),
    header("X-RateLimit-Limit", "As in RateLimit-Policy.", response=True),
    header("X-RateLimit-Remaining", "As in RateLimit.", response=True),
    header("X-RateLimit-Reset", "Seconds, as in RateLimit.", response=True),
]
IDEMPOTENCY = header(
    "Idempotency-Key",
    "Sent again with the same key within 24 hours, the request is not done again: it is answered as before,"
    " with `Idempotency-Replayed: true`.",
    type={"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
)


def query(name: str, said: str, schema: Any) -> OpenApiParameter:
    return OpenApiParameter(name, type=schema, location=OpenApiParameter.QUERY, description=said)


LIMIT = query("limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL})
CURSOR = query("cursor", "From `next` of the page before.", {"type": "string", "pattern": listing.MOMENT})
PLACE = query("cursor", "From `next` of the page before.", {"type": "string", "pattern": listing.PLACE})
QUEUE_PLACE = query("cursor", "From `next` of the page before.", {"type": "string", "pattern": listing.QUEUE_PLACE})
NUMBER = query("cursor", "From `next` of the page before.", {"type": "string", "pattern": listing.NUMBER})
WAIT = query(
    "wait", "Seconds that the answer may wait for the result; it comes sooner where it can.",
    {"type": "number", "minimum": 0, "maximum": 30},
)  # fmt: skip
NO_ZERO = r"^[^\u0000]*$"  # what no database keeps
NAMED = {"type": "string", "minLength": 1, "maxLength": 120, "pattern": NO_ZERO}
FILTERS: dict[str, tuple[str, Any]] = {
    "status": ("Where it stands.", {"type": "string", "enum": list(Status.values)}),
    "outcome": ("What the models say.", {"type": "string", "enum": list(Outcome.values)}),
    "effective": ("What counts.", {"type": "string", "enum": list(Outcome.values)}),
    "review_state": ("Where it stands with people.", {"type": "string", "enum": list(listing.REVIEW_STATES)}),
    "sha256": ("Of the file.", {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}),
    "external_id": ("Your own id.", NAMED),
    "batch": ("The batch that it came with.", {"type": "string", "format": "uuid"}),
    "created_after": ("Uploaded then or later.", {"type": "string", "format": "date-time"}),
    "created_before": ("Uploaded earlier.", {"type": "string", "format": "date-time"}),
    "updated_since": ("Something happened to it then or later.", {"type": "string", "format": "date-time"}),
    "scan": ("Of this scan.", {"type": "string", "format": "uuid"}),
    "queue": (
        "Short name of a queue.",
        NAMED,
    ),
    "endpoint": ("To this address.", {"type": "string", "format": "uuid"}),
    "state": ("Where it stands.", {"type": "string", "enum": ["pending", "delivered", "dead"]}),
}


def filters(known: Mapping[str, Any]) -> list[OpenApiParameter]:
    return [query(name, *FILTERS[name]) for name in known]


def page_of(shape: type[serializers.Serializer[Any]], name: str) -> Any:
    """A page of a list, as its own shape."""
    fields = {
        "results": shape(many=True, help_text="What was found."),
        "next": serializers.URLField(allow_null=True, help_text="The next page; null on the last one."),
        "previous": serializers.URLField(allow_null=True, help_text="The page before; null on the first one."),
        "__doc__": "A page of a list.",
    }
    return type(f"{name}Page", (serializers.Serializer,), fields)


def tells(
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
    """Name of the operation, what it answers, what it takes, which codes it may refuse with; an example that works."""
    sent_as = next(iter(body)) if isinstance(body, Mapping) else "application/json"
    samples = [OpenApiExample("example", value=dict(example), request_only=True, media_type=sent_as)] if example else []
    extensions: dict[str, Any] = {"x-refusals": list(refusals), **({"x-public": True} if public else {})}
    query = list(query)
    described_as = extend_schema(
        operation_id=name,
        request=body,
        parameters=[*query, *HEADERS],
        responses={(status, media): shape for status, shape in answers.items()},
        examples=samples,
        extensions=extensions,
    )

    def tell(method: Callable[..., Any]) -> Any:
        told: Any = described_as(method)
        told.parameters = frozenset(one.name for one in query)
        return told

    return tell


class Schema(AutoSchema):
    """Adds to each operation what holds for all of them."""

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_auth(self) -> list[dict[str, Any]]:
        return [{}] if self.get_extensions().get("x-public") else [{"key": []}, {"session": []}]

    def get_description(self) -> str:
        said = super().get_description() or ""
        scope = self.view.scopes.get(self.method)
        return f"{said}\n\nScope: `{scope}`." if scope else said

    def get_override_parameters(self) -> list[Any]:
        found = list(super().get_override_parameters())
        return [*found, IDEMPOTENCY] if self.method == "POST" and self.view.replays else found

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            codes = [*ALWAYS, *operation.pop("x-refusals", [])]
            operation.pop("x-public", None)
            codes += self._usual_refusals(operation)
            problem = self.resolve_serializer(described.Problem, "response").ref
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
    """What drf-spectacular has no place for: who may ask, tags, and what leads to what."""
    headers: dict[str, Any] = {}
    refusals: dict[str, Any] = {}
    _add_links(result["paths"])
    for verbs in result["paths"].values():
        for operation in verbs.values():
            for status, found in operation["responses"].items():
                found["description"] = found.get("description") or DONE[status]
                for name, said in found.get("headers", {}).items():
                    headers[name] = said
                    found["headers"][name] = {"$ref": f"#/components/headers/{name}"}
                if PROBLEM in found.get("content", {}):
                    name = f"{status}-{'-'.join(re.findall(r'^`([a-z_]+)`', found['description'], re.M))}"
                    refusals[name] = found
                    operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    for name, shape in result["components"]["schemas"].items():
        for field in shape.get("properties", {}).values():
            if name.endswith("Request") and "string" in field.get("type", "") and not {"enum", "format"} & set(field):
                field["pattern"] = NO_ZERO
            field.pop("x-spec-enum-id", None)
            field.get("items", {}).pop("x-spec-enum-id", None)
    result["components"]["headers"] = dict(sorted(headers.items()))
    result["components"]["responses"] = dict(sorted(refusals.items()))
    result["components"]["securitySchemes"] = {
        "key": {
            "type": "http", "scheme": "bearer",
            "description": "`Authorization: Bearer dfm_live_…`: a key made on the site, under Profile.",
        },
        "session": {
            "type": "apiKey", "in": "cookie", "name": "session",
            "description": "Somebody signed in with a browser; what changes something needs `X-CSRFToken`, too.",
        },
    }  # fmt: skip
    result["tags"] = [{"name": name, "description": said} for name, said in TAGS.items()]
    result["info"]["description"] = INTRODUCTION
    result["servers"] = [{"url": "/", "description": "This installation."}]
    return result


INTRODUCTION = """\
Every answer is JSON; errors are `application/problem+json` with a stable `code`. Times are RFC 3339 in UTC.
What is added to answers later is added: nothing is renamed or taken away under `/api/v1`. Values that you don't know
may come; take an unknown outcome for `inconclusive`.

`effective` is the only field that most integrators need: what counts now, whether models or people say so."""
WAITING = {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds."}
DONE = {"200": "It is so.", "201": "It was made.", "202": "It was taken, and is under way.", "204": "It is gone."}
# Where an id of each resource comes from: operation, status, place in the answer.
FROM: dict[str, tuple[tuple[str, str, str], ...]] = {
    "scans": (("submitScan", "202", "/id"), ("submitScan", "200", "/id"), ("listScans", "200", "/results/0/id")),
    "batches": (("submitBatch", "202", "/id"), ("listBatches", "200", "/results/0/id")),
    "queue-items": (("listQueueItems", "200", "/results/0/id"),),
    "webhook-endpoints": (("createWebhookEndpoint", "201", "/id"),),
    "webhook-deliveries": (("pingWebhookEndpoint", "202", "/id"), ("listWebhookDeliveries", "200", "/results/0/id")),
}


def _add_links(paths: dict[str, Any]) -> None:
    """From an answer to what can be asked next."""
    operations = {one["operationId"]: one for verbs in paths.values() for one in verbs.values()}
    for path, verbs in paths.items():
        head, brace, _tail = path.removeprefix("/api/v1/").partition("/{id}")
        if not brace or head not in FROM:
            continue
        for onward in verbs.values():
            name = onward["operationId"]
            for source, status, place in FROM[head]:
                links = operations[source]["responses"][status].setdefault("links", {})
                links[name] = {"operationId": name, "parameters": {"path.id": f"$response.body#{place}"}}
