"""Whatever people, files and programs write into the site is shown as text, on every page of every role."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from accounts import keys
from accounts.models import User
from scans.library import cases
from scans.models import (
    CannedReply,
    Case,
    Endpoint,
    Feedback,
    Label,
    Note,
    Policy,
    ReviewItem,
    ReviewQueue,
    Rule,
    SavedSearch,
    Scan,
    Tag,
    TrustedSource,
)
from scans.review import appeals, decisions

from .conftest import Clock

pytestmark = pytest.mark.django_db
# Out of an attribute in either kind of quotes, out of a script, a comment, a title and a text area.
MARKUP = """x-marker"' onx=1 x-marker=1></script></title></textarea>--><x-marker>{{ 7*7 }}"""


class Tags(HTMLParser):
    """What a browser would take for an element or an attribute of ours."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.injected: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "x-marker" or any(name in ("onx", "x-marker") for name, _ in attrs):
            self.injected.append(str(self.get_starttag_text())[:300])


@pytest.fixture
def everything(
    judged: Callable[..., Scan], uploader: User, moderator: User, lead: User, clock: Clock
) -> tuple[Scan, Case, ReviewItem]:
    """A scan with the same hostile text in every field that somebody fills in."""
    provenance = {"status": "ran", "claims": [{"generator": MARKUP, "title": MARKUP, "software": MARKUP}]}
    scan = judged(inspection={"media": {"kind": "image", "format": MARKUP, "codec": MARKUP}, "provenance": provenance})
    Scan.objects.filter(pk=scan.pk).update(name=MARKUP, external_id=MARKUP[:60])
    scan.refresh_from_db()
    assessment = scan.assessment
    User.objects.filter(pk__in=[uploader.pk, moderator.pk, lead.pk]).update(name=MARKUP[:60])
    tag = Tag.named(uploader, MARKUP)
    tag.scans.add(scan)
    case = Case.objects.create(owner=uploader, title=MARKUP, notes=MARKUP)
    case.scans.add(scan)
    SavedSearch.objects.create(owner=uploader, name=MARKUP[:60], query=f"q={MARKUP}")
    Feedback.objects.create(assessment=assessment, person=uploader, kind="false_alarm", text=MARKUP)
    Note.objects.create(scan=scan, author=lead, text=MARKUP)
    keys.issue(uploader, name=MARKUP[:60], scopes=["scans:read"])
    texts = {"title": MARKUP[:80], "title_de": MARKUP[:80], "text": MARKUP, "text_de": MARKUP}
    policy = Policy.objects.create(code="marked", **texts)
    CannedReply.objects.create(**texts)
    Endpoint.objects.create(owner=lead, url="https://example.org/" + MARKUP, description=MARKUP)
    ReviewQueue.objects.update(name_de=MARKUP[:60])
    ReviewQueue.objects.filter(pk=ReviewQueue.objects.earliest("pk").pk).update(name=MARKUP[:60])
    Rule.objects.update(name=MARKUP[:80], name_de=MARKUP[:80])
    TrustedSource.objects.create(person=lead, note=MARKUP)
    cases.share(case, uploader, 7, with_notes=True)
    item = ReviewItem.objects.get(scan=scan)
    decision = decisions.decide(item, lead, Label.MANIPULATED, policy=policy, public_note=MARKUP)
    clock.later(minutes=10)
    appeals.make(decision, uploader, MARKUP)
    return scan, case, ReviewItem.objects.open().get(scan=scan)


def addresses(scan: Scan, case: Case, item: ReviewItem) -> list[str]:
    """Pages that show what is in the database, with hostile questions where a page takes one."""
    desk = [
        reverse(f"admin:{name}")
        for name in sorted(
            str(key) for key in get_resolver("deepfake_site.urls").namespace_dict["admin"][1].reverse_dict
        )
        if name.endswith("_changelist")
    ]
    return [
        "/", "/scans/", f"/scans/?q={MARKUP}&tag={MARKUP}", "/scans/trash/", "/scans/cases/", "/notifications/",
        "/profile/", "/profile/keys/", f"/shared/cases/{case.links.get().token}/",
        f"/check/?code={MARKUP}", f"/compare/?a={scan.pk}&b={scan.pk}",
        f"/accounts/login/?next={MARKUP}",
        reverse("scans:scan", args=[scan.pk]), reverse("scans:case", args=[case.pk]),
        reverse("scans:statement", args=[scan.pk]), reverse("scans:evidence", args=[scan.pk]), "/admin/",
        reverse("admin:scans_reviewitem_change", args=[item.pk]), f"/admin/scans/scan/?q={MARKUP}", "/transparency/",
        *(
            reverse(f"admin:scans_{row._meta.model_name}_change", args=[row.pk])
            for row in (Policy.objects.get(code="marked"), CannedReply.objects.latest("pk"), Endpoint.objects.get())
        ),
        *desk,
    ]  # fmt: skip


def test_no_page_takes_text_for_markup(
    everything: tuple[Scan, Case, ReviewItem],
    as_user: Callable[..., Client],
    uploader: User,
    moderator: User,
    lead: User,
    admin: User,
) -> None:
    assert Tags(f"<p>{MARKUP}</p>").injected, "the test would see it"
    shown, wrong = 0, []
    for person in (uploader, moderator, lead, admin):
        client = as_user(person)
        for address in addresses(*everything):
            answer = client.get(address, follow=True)
            if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
                continue
            page = answer.content.decode()
            shown += "x-marker" in page
            wrong += [(person.email, address, tag) for tag in Tags(page).injected]
            assert ">49" not in page, f"{address} evaluates what people write"
    assert wrong == []
    assert shown > 25, "the pages show these texts at all"
