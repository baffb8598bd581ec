"""Review queues, items and decisions, by the same functions and rules as at the desk."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.db.models import Count
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from ..models import Decision, Label, Policy, ReviewItem, ReviewQueue, Skip
from ..review import decisions, queue
from . import listing, prefetch, request_serializers, response_serializers
from .base_views import ApiView, get_visible_scan
from .documentation import LIMIT, QUEUE_PLACE, describe, filters, page_of
from .errors import Absent, Refusal
from .scan_resources import get_unblinded_scan

AT_THE_DESK: dict[str, str] = {"GET": "review:read", "POST": "review:write"}
ITEM_REFUSALS = ("already_claimed", "already_decided", "wrong_state")


@contextmanager
def desk_errors_as_problems() -> Iterator[None]:
    """Turn errors of the desk into codes."""
    try:
        yield
    except queue.Taken as error:
        done = error.item.closed_at is not None
        raise Refusal(
            409, "already_decided" if done else "already_claimed",
            _("This item is already done.") if done else _("Somebody else has claimed this item."),
        ) from error  # fmt: skip
    except decisions.AlreadyDecided as error:
        raise Refusal(409, "already_decided", _("Already decided, or waiting for a second person.")) from error
    except decisions.BlindFirst as error:
        raise Refusal(409, "blind_first", _("Give your own assessment first.")) from error
    except decisions.PolicyNeeded as error:
        pointers = {"policy": _("This field is required.")}
        raise Refusal(
            422, "policy_needed", _("A decision that contradicts the models needs a policy."), pointers
        ) from error
    except decisions.AnswerNeeded as error:
        pointers = {"note_public": _("This field is required.")}
        raise Refusal(422, "answer_needed", _("An appeal needs a written answer."), pointers) from error
    except queue.NotYours as error:
        raise Refusal(
            409, "wrong_state", _("You have not claimed this item, or you are not allowed to work on it.")
        ) from error


class Queues(ApiView):
    tag = "desk"
    scopes = AT_THE_DESK

    @describe("listQueues", {200: page_of(response_serializers.QueueOf, "Queue")})
    def get(self, request: Request) -> Response:
        """List the queues, and how many items of each you can claim now."""
        free = ReviewItem.objects.free_for(request.user).workable_by(request.user)
        waiting = dict(free.order_by().values_list("queue").annotate(Count("pk", distinct=True)))
        rows = ReviewQueue.objects.all()
        return Response(listing.whole(response_serializers.QueueOf(rows, many=True, context={"waiting": waiting}).data))


class Items(ApiView):
    tag = "desk"
    scopes = AT_THE_DESK

    @describe(
        "listQueueItems",
        {200: page_of(response_serializers.QueueItem, "QueueItem")},
        query=[LIMIT, QUEUE_PLACE, *filters(listing.OF_ITEMS)],
    )
    def get(self, request: Request) -> Response:
        """List the items that wait for review: overdue first, then by priority, then by due date."""
        rows = listing.filtered(request, open_items(request), listing.OF_ITEMS)
        context = {"person": request.user}
        return Response(
            listing.in_queue_order(
                request, rows, lambda items: response_serializers.QueueItem(items, many=True, context=context).data
            )
        )


class OneItem(ApiView):
    tag = "desk"
    scopes = AT_THE_DESK

    @describe("getQueueItem", {200: response_serializers.QueueItem})
    def get(self, request: Request, pk: int) -> Response:
        """Get an item, and whether somebody has claimed it."""
        return describe_item(get_item(request, pk), request)


class ItemVerb(ApiView):
    tag = "desk"
    scopes = AT_THE_DESK
    limits: ClassVar[dict[str, str]] = {"POST": "review"}

    def respond(self, request: Request, item: ReviewItem) -> Response:
        item.refresh_from_db()
        return describe_item(item, request)


class Claim(ItemVerb):
    @describe("claimQueueItem", {200: response_serializers.QueueItem}, refusals=ITEM_REFUSALS)
    def post(self, request: Request, pk: int) -> Response:
        """Claim an item until `expires_at`. Claim it again to keep it longer."""
        with desk_errors_as_problems():
            return self.respond(request, queue.claim(get_item(request, pk), request.user))


class Release(ItemVerb):
    @describe("releaseQueueItem", {200: response_serializers.QueueItem}, refusals=ITEM_REFUSALS)
    def post(self, request: Request, pk: int) -> Response:
        """Release an item that you have claimed."""
        item = get_item(request, pk)
        queue.release(item, request.user)
        return self.respond(request, item)


class Pass(ItemVerb):
    @describe(
        "skipQueueItem", {200: response_serializers.QueueItem}, body={"application/json": request_serializers.Passing},
        refusals=ITEM_REFUSALS, example={"cause": "unsure"},
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """Skip an item that you have claimed. Items that are skipped often go to a lead."""
        item = get_item(request, pk)
        cause = Skip.Cause(request_serializers.read(request_serializers.Passing, request)["cause"])
        with desk_errors_as_problems():
            queue.skip(item, request.user, cause)
        return self.respond(request, item)


class FirstAnswer(ItemVerb):
    @describe(
        "answerBlind", {200: response_serializers.QueueItem}, body={"application/json": request_serializers.FirstLook},
        refusals=ITEM_REFUSALS, example={"label": "inconclusive"},
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """Give your own assessment before you see the outcome of the models. Only the first answer counts."""
        item = get_item(request, pk)
        label = Label(request_serializers.read(request_serializers.FirstLook, request)["label"])
        with desk_errors_as_problems():
            queue.first_answer(item, request.user, label)
        return self.respond(request, item)


class Decisions(ApiView):
    tag = "people"
    scopes: ClassVar[dict[str, str]] = {"GET": "scans:read", "POST": "review:write"}
    limits: ClassVar[dict[str, str]] = {"POST": "review"}

    @describe(
        "listDecisions", {200: page_of(response_serializers.Decision, "Decision")}, refusals=["blind_first", "gone"]
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """List the decisions on a scan, newest first. The owner sees them once they can no longer be undone."""
        scan = get_unblinded_scan(request, pk)
        rows: Any = Decision.objects.filter(scan=scan)
        if scan.owner_id == request.user.pk:
            rows = Decision.objects.settled().filter(scan=scan)
        rows = rows.select_related("policy", "undone", "second__person", "decider").prefetch_related(
            "superseded_by__undone",
            "superseded_by__second",
            "item__reasons",
            "decider__groups",
            "second__person__groups",
        )
        return Response(listing.whole(response_serializers.Decision(rows, many=True).data))

    @describe(
        "decideScan",
        {201: response_serializers.Decision},
        body={"application/json": request_serializers.NewDecision},
        refusals=[
            "version_conflict", "wrong_state", "already_decided", "already_claimed", "blind_first", "policy_needed",
            "answer_needed",
        ],
        example={"label": "manipulated", "action": "label", "note_public": "Face swap.", "expected_version": 4},
    )  # fmt: skip
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Decide on a scan that waits for review. Some decisions are held until a second person approves."""
        scan = get_visible_scan(request, pk)
        fields = request_serializers.read(request_serializers.NewDecision, request)
        item = ReviewItem.objects.open().filter(scan=scan).first()
        if item is None:
            raise Refusal(409, "wrong_state", _("This scan is not waiting for review."))
        version = prefetch.load_contexts([scan], request.user)[scan.pk].version
        if version != fields["expected_version"]:
            raise Refusal(
                409, "version_conflict", _("This scan has changed in the meantime."), more={"version": version}
            )
        with desk_errors_as_problems():
            decision = decisions.decide(
                item, request.user, Label(fields["label"]), action=fields["action"], policy=_policy(fields["policy"]),
                public_note=fields["note_public"],
            )  # fmt: skip
        return Response(response_serializers.Decision(decision).data, 201)


def describe_item(item: ReviewItem, request: Request) -> Response:
    return Response(response_serializers.QueueItem(item, context={"person": request.user}).data)


def open_items(request: Request) -> Any:
    rows = ReviewItem.objects.open().visible_to(request.user).filter(scan__sandbox=False)
    return rows.select_related("queue", "scan").prefetch_related("reasons")


def get_item(request: Request, pk: int) -> ReviewItem:
    """Open or closed; closed items are refused by the functions that change them."""
    rows: Any = ReviewItem.objects.visible_to(request.user).select_related("queue", "scan").prefetch_related("reasons")
    item: ReviewItem | None = rows.filter(pk=pk).first() if pk < 2**63 else None
    if item is None:
        raise Absent
    return item


def _policy(code: str | None) -> Policy | None:
    if code is None:
        return None
    policy = Policy.objects.filter(active=True, code=code).first()
    if policy is None:
        raise Refusal(422, "validation_error", _("Some fields are invalid."), {"policy": _("There is no such policy.")})
    return policy
