"""Many items at once: shown, decided together, and taken back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from scans.analysis import routing
from scans.models import (
    Action,
    Decision,
    Label,
    Reason,
    ReviewItem,
    Scan,
)
from scans.review import decisions

pytestmark = pytest.mark.django_db
LIST = "/admin/scans/reviewitem/"


def together(client: Client, items: list[ReviewItem], **more: Any) -> Any:
    return client.post(LIST, {"action": "together", "_selected_action": [one.pk for one in items], **more})


def test_many_are_shown_then_decided_then_taken_back(
    mo: Client, waiting: ReviewItem, uploader: User, person: Callable[..., User], as_user: Callable[..., Client]
) -> None:
    items = [waiting]
    for number in range(4):
        scan = Scan.objects.create(owner=uploader, name=f"b{number}", sha256="1" * 64, bytes=1, status="analysed")
        scan.assessments.create(outcome="inconclusive", score=0.5, version="1")
        items.append(routing.put(scan, waiting.queue, Reason.HAND))
    page = together(mo, items).content.decode()
    assert "5 items, all or nothing" in page
    assert "4 × Inconclusive" in page or "5 × Inconclusive" in page
    assert not Decision.objects.exists()
    form = {"confirmed": "1", "all-label": Label.INCONCLUSIVE, "all-action": Action.KEEP}
    assert together(mo, items, confirmed="1").status_code == 422
    assert together(mo, items, **form).status_code == 302
    assert Decision.objects.standing().count() == 5
    page = mo.get(LIST).content.decode()
    assert "Undo all" in page
    where = f"{LIST}undo/{Decision.objects.first().group}/"
    other = as_user(person("other", Role.MODERATOR))
    other.post(where)
    assert Decision.objects.standing().count() == 5, "only one's own"
    mo.post(where)
    assert not Decision.objects.standing().exists()
    decisions.decide(items[2], person("third", Role.MODERATOR), Label.INCONCLUSIVE)
    assert together(mo, items, **form).status_code == 302
    assert Decision.objects.standing().filter(decider__name="Third").count() == 1, "what is done is no longer chosen"
    assert Decision.objects.standing().count() == 5


def test_who_may_not_review_has_no_bulk_action(
    waiting: ReviewItem, auditor: User, as_user: Callable[..., Client]
) -> None:
    client = as_user(auditor)
    assert "together" not in client.get(LIST).content.decode()
    together(client, [waiting], confirmed="1", **{"all-label": Label.INCONCLUSIVE, "all-action": Action.KEEP})
    assert not Decision.objects.exists()
