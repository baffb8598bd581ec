"""Every page of the site, with somebody who may open it: for the times of pages, and for tests over all pages."""

import datetime as dt
from dataclasses import dataclass

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role

from .. import analysis
from ..models import Batch, Case, Outcome, Reason, ReviewItem, Scan, Share, Tag

DESK = "/admin/scans/reviewitem/"
API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Address:
    name: str
    who: Role | None  # nobody is signed in: None
    path: str


def pages() -> list[Address]:
    """Needs a scan, a batch, a case, a shared link and an open item."""
    return [*_public(), *_library(), *_account(), *_desk(), *_admin_lists()]


def _public() -> list[Address]:
    share = Share.objects.order_by("-id").first()
    assert share is not None
    return [
        Address(name, None, path)
        for name, path in (
            ("landing page", "/about/"),
            ("help", "/help/"),
            ("help, outcomes", "/help/outcomes/"),
            ("help, glossary", "/help/glossary/"),
            ("help, questions", "/help/questions/"),
            ("privacy", "/privacy/"),
            ("status", "/status/"),
            ("models", "/models/"),
            ("a model", _a_card()),
            ("capabilities", "/capabilities/"),
            ("transparency report", "/transparency/"),
            ("example", "/examples/face-swap/"),
            ("check a report", "/check/"),
            ("signing keys", "/signing-keys/"),
            ("shared result", reverse("scans:shared", args=[share.token])),
            ("sign in", "/accounts/login/"),
            ("sign up", "/accounts/signup/"),
            ("forgotten password", "/accounts/password/reset/"),
            ("API reference", f"{API}/docs/"),
            ("API reference, scans", f"{API}/docs/scans/"),
        )
    ]


def _a_card() -> str:
    card = analysis.cards()[0]
    return reverse("scans:card", args=[card["name"], card["version"]])


def _library() -> list[Address]:
    kept = Scan.objects.kept().order_by("-created_at")
    newest, second = kept[:2]
    decided = kept.filter(decisions__isnull=False).first() or newest
    batch, case = Batch.objects.first(), Case.objects.first()
    assert batch is not None
    tag = Tag.objects.first()
    assert case is not None
    assert tag is not None
    month = (timezone.now() - dt.timedelta(days=30)).date()
    return [
        Address(name, Role.UPLOADER, path)
        for name, path in (
            ("home", "/"),
            ("history", "/scans/?view=grid"),
            ("history, as a table by score", "/scans/?view=table&sort=-rank"),
            ("history, oldest first", "/scans/?sort=created_at"),
            ("history, by size", "/scans/?sort=-bytes"),
            ("history, in the order of names", "/scans/?sort=name"),
            ("history, page 40", "/scans/?page=40"),
            ("history, last page", "/scans/?page=100000"),
            ("history, by outcome", f"/scans/?outcome={Outcome.LIKELY_MANIPULATED}"),
            ("history, by kind", "/scans/?kind=image"),
            ("history, since a month", f"/scans/?since={month}"),
            ("history, by name", "/scans/?text=photo-77"),
            ("history, by part of a name", "/scans/?text=oto-99"),
            ("history, by a name that does not exist", "/scans/?text=nothing+like+it"),
            ("history, by name and outcome", f"/scans/?text=photo-7&outcome={Outcome.INCONCLUSIVE}"),
            ("history, decided by people", "/scans/?review=decided"),
            ("history, not reviewed", "/scans/?review=none"),
            ("history, by tag", f"/scans/?tag={tag.pk}"),
            ("history, by case", f"/scans/?case={case.pk}"),
            ("upload", "/scans/new/"),
            ("camera", "/scans/camera/"),
            ("batch", reverse("scans:batch", args=[batch.pk])),
            ("scan", reverse("scans:scan", args=[newest.pk])),
            ("scan, decided", reverse("scans:scan", args=[decided.pk])),
            ("question before deleting", reverse("scans:delete", args=[newest.pk])),
            ("evidence", reverse("scans:evidence", args=[newest.pk])),
            ("comparison", f"/compare/?a={newest.pk}&b={second.pk}"),
            ("trash", "/scans/trash/"),
            ("cases", "/scans/cases/"),
            ("case", reverse("scans:case", args=[case.pk])),
            ("notifications", "/notifications/"),
        )
    ]


def _account() -> list[Address]:
    return [
        Address(name, Role.UPLOADER, path)
        for name, path in (
            ("profile", "/profile/"),
            ("API keys", "/profile/keys/"),
            ("own data", "/profile/privacy/"),
            ("rules of use", "/rules/"),
            ("sessions", "/accounts/sessions/"),
            ("email address", "/accounts/email/"),
            ("second factor", "/accounts/2fa/"),
        )
    ]


def _desk() -> list[Address]:
    items = ReviewItem.objects.filter(scan__trashed_at=None)
    item = items.open().order_by("due_at").first()
    closed = items.filter(closed_at__isnull=False).order_by("-id").first() or item
    assert item is not None
    assert closed is not None
    both = (
        ("home", "/"),
        ("desk", "/admin/"),
        ("queue", DESK),
        ("queue, page 2", f"{DESK}?p=2"),
        ("review page", f"{DESK}{item.pk}/change/"),
    )
    lead = (
        ("queue, one of several", f"{DESK}?queue__id__exact={item.queue_id}"),
        ("queue, one reason", f"{DESK}?reasons__reason__exact={Reason.OUTCOME}"),
        ("queue, overdue", f"{DESK}?due=over"),
        ("queue, by name", f"{DESK}?q=photo-7"),
        ("review page, closed", f"{DESK}{closed.pk}/change/"),
        ("desk settings", f"{DESK}settings/"),
        ("insight", f"{DESK}insight/"),
        ("simulator", f"{DESK}simulator/"),
    )
    run = (
        ("models", "/admin/scans/panelversion/models/"),
        ("health", "/admin/system/health/"),
        ("settings", "/admin/system/settings/"),
    )
    return [
        *(Address(name, role, path) for role in (Role.MODERATOR, Role.LEAD, Role.AUDITOR) for name, path in both),
        *(Address(name, Role.LEAD, path) for name, path in lead),
        *(Address(name, Role.ADMIN, path) for name, path in (*both[:2], *run)),
    ]


def _admin_lists() -> list[Address]:
    """Every list and form that an administrator may open."""
    request = HttpRequest()
    request.user = User.objects.get(email=f"{Role.ADMIN}@bench.invalid")
    addresses = []
    for model, model_admin in sorted(admin.site._registry.items(), key=lambda pair: pair[0]._meta.label):
        if model is ReviewItem or not model_admin.has_view_permission(request):
            continue
        where = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        name = f"list of {model._meta.model_name}"
        addresses.append(Address(name, Role.ADMIN, where))
        if model_admin.has_add_permission(request):
            addresses.append(Address(f"form for a new {model._meta.model_name}", Role.ADMIN, f"{where}add/"))
        if model_admin.search_fields:
            addresses.append(Address(f"{name}, searched", Role.ADMIN, f"{where}?q=photo-77"))
    return addresses


def requests_of_programs() -> list[Address]:
    """What programs ask for most, in a browser's session."""
    scans = Scan.objects.kept().order_by("-created_at")
    newest = scans.first()
    middle = scans[scans.count() // 2].created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    rare = Outcome.UNABLE_TO_EVALUATE
    assert newest is not None
    return [
        Address(f"API, {name}", Role.UPLOADER, f"{API}/{path}")
        for name, path in (
            ("one scan", f"scans/{newest.pk}"),
            ("a list of 100", "scans?limit=100"),
            ("a list of 100 by what counts", "scans?limit=100&effective=inconclusive"),
            ("a list by what counts, of which there are none", f"scans?effective={rare}"),
            ("100 changes", "changes?limit=100"),
            ("a list of 100 by time", f"scans?limit=100&created_before={middle}"),
        )
    ]
