"""Who may only look changes nothing, whatever they send: to every address of the desk, with every verb and action."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from scans.admin.verbs import VERBS
from scans.models import CannedReply, Label, PanelVersion, Policy, ReviewItem, Rule
from scans.review import decisions

from ...accounts.test_roles import ALL

pytestmark = pytest.mark.django_db
DESK = [(name, where) for name, where in ALL if where.startswith("/admin/") and not name.endswith(("login", "logout"))]
OWN = ("admin:scans_reviewitem_settings", "admin:scans_reviewitem_filters")  # everybody at the desk has such
LOOKERS = (None, Role.UPLOADER, Role.INTEGRATOR, Role.AUDITOR)
FORMS: tuple[dict[str, Any], ...] = (
    {},
    {"_save": "1", "name": "x", "title": "x", "code": "x", "slug": "x", "text": "x", "reason": "outcome", "share": "1"},
    {"do": "approve", "action": "delete_selected", "_selected_action": "1", "post": "yes"},
)


def rows() -> dict[str, list[Any]]:
    """Everything that a desk could change."""
    models = [*apps.get_app_config("scans").get_models(), User, *apps.get_app_config("auth").get_models()]
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in models}


@pytest.fixture
def asker(person: Callable[..., User], as_user: Callable[..., Client], settings: Any) -> Callable[..., Client]:
    settings.LIMITS = {**settings.LIMITS, "read": {"visitor": "10000/1m"}}
    return lambda role: as_user(person(f"asking-{role}", role)) if role else Client()


@pytest.mark.slow
@pytest.mark.parametrize("role", LOOKERS)
def test_no_address_of_the_desk_takes_anything_from_who_may_only_look(
    role: Role | None, asker: Callable[..., Client], item: ReviewItem, policy: Policy, lead: User
) -> None:
    PanelVersion.objects.create(little_below=0.1, manipulated_above=0.2, why="x", proposed_by=lead)
    CannedReply.objects.create(title="x", text="x")
    client = asker(role)
    before = rows()
    for name, where in DESK:
        there = where.replace("/item/1/", f"/item/{item.pk}/")
        for form in FORMS:
            if role == Role.AUDITOR and name in OWN:
                continue
            status = client.post(there, form).status_code
            assert status < 500, (name, form)
            assert client.delete(there).status_code < 500, name
    assert rows() == before
    assert Rule.objects.exists()


@pytest.mark.parametrize("role", LOOKERS)
def test_no_verb_and_no_action_is_done_for_who_may_only_look(
    role: Role | None, asker: Callable[..., Client], item: ReviewItem, moderator: User
) -> None:
    decision = decisions.decide(item, moderator, Label.INCONCLUSIVE)
    ReviewItem.objects.filter(pk=item.pk).update(closed_at=None)
    client = asker(role)
    before = rows()
    where = reverse("admin:scans_reviewitem_change", args=[item.pk])
    for verb in VERBS:
        form = {
            "do": verb, "label": Label.MANIPULATED, "action": "keep", "cause": "unsure", "text": "x", "said": "x",
            "harm": "hate", "decision": decision.pk, "verdict": "approve", "to": moderator.pk,
        }  # fmt: skip
        assert client.post(where, form).status_code in (302, 403, 404), verb
    for action in ("together", "in_turn"):
        form = {"action": action, "_selected_action": item.pk, "confirmed": "1", "all-label": Label.MANIPULATED}
        client.post("/admin/scans/reviewitem/", {**form, "all-action": "keep"})
    assert rows() == before


def test_what_is_a_leads_no_moderator_does(
    asker: Callable[..., Client], item: ReviewItem, lead: User, policy: Policy
) -> None:
    version = PanelVersion.objects.create(little_below=0.1, manipulated_above=0.2, why="x", proposed_by=lead)
    client = asker(Role.MODERATOR)
    before = rows()
    for where, form in (
        (reverse("admin:scans_reviewitem_change", args=[item.pk]), {"do": "assign", "to": lead.pk}),
        (reverse("admin:scans_reviewitem_change", args=[item.pk]), {"do": "take_over"}),
        ("/admin/scans/reviewitem/", {"action": "in_turn", "_selected_action": item.pk}),
        ("/admin/scans/reviewitem/simulator/", {"low": 0.1, "high": 0.2, "why": "x"}),
        (f"/admin/scans/panelversion/{version.pk}/answer/", {"do": "approve"}),
        (f"/admin/scans/panelversion/{version.pk}/answer/", {"do": "end"}),
        (f"/admin/scans/policy/{policy.pk}/change/", {"code": "x", "title": "x", "text": "x"}),
        ("/admin/scans/rule/add/", FORMS[1]),
        ("/admin/scans/reviewqueue/add/", FORMS[1]),
        ("/admin/scans/cannedreply/add/", FORMS[1]),
    ):
        client.post(where, form)
        assert rows() == before, where
