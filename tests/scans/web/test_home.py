"""The front page of those who are signed in: what waits comes first, for each role its own."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Acceptance, User
from scans.models import Decision, ReviewItem, ReviewQueue, Scan
from scans.updates import notifications

from .test_history import make

pytestmark = pytest.mark.django_db


def text(client: Client) -> str:
    return " ".join(client.get("/").content.decode().split())


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get("/").status_code == 200
    return len(seen)


def wait_for_review(scans: list[Scan], **fields: Any) -> None:
    queue = ReviewQueue.objects.order_by("order")[0]
    due = {"due_at": timezone.now() + dt.timedelta(hours=1), **fields}
    ReviewItem.objects.bulk_create(ReviewItem(scan=scan, queue=queue, **due) for scan in scans)


def test_strangers_get_an_introduction_and_people_their_work(client: Client, ann: Client) -> None:
    assert 'id="upload"' not in text(client)
    page = text(ann)
    assert 'id="upload"' in page
    assert "No scans yet" in page


def test_whoever_has_not_accepted_the_rules_is_led_to_them_before_files_are_chosen(ann: Client, uploader: User) -> None:
    Acceptance.objects.filter(user=uploader).delete()
    page = text(ann)
    assert 'id="upload"' not in page
    assert "/rules/?next=/" in page


def test_a_file_uploaded_from_the_front_page_leads_to_its_scan(hand_in: Callable[..., Any], ann: Client) -> None:
    from .conftest import photo

    assert 'action="/scans/new/"' in text(ann)
    answer = hand_in(photo())
    assert answer["Location"] == Scan.objects.get().get_absolute_url()


def test_the_latest_lead_in_as_many_queries_however_many_there_are(ann: Client, uploader: User) -> None:
    make(uploader, 1)
    ann.get("/")  # what is asked once for each visitor
    few = queries(ann)
    make(uploader, 40)
    assert queries(ann) == few
    assert len(ann.get("/").context["latest"]) == 8


@pytest.mark.parametrize("fields", [{"status": "deleted"}, {"trashed_at": timezone.now()}])
def test_what_is_deleted_is_not_shown(fields: dict[str, Any], ann: Client, uploader: User) -> None:
    make(uploader, 1, name="gone.jpg", **fields)
    assert "gone.jpg" not in text(ann)


def test_nothing_of_anybody_else_is_shown(bob: Client, uploader: User) -> None:
    make(uploader, 3, name="theirs.jpg", status="failed")
    assert "theirs.jpg" not in text(bob)


def test_a_decision_waits_until_it_is_read(
    ann: Client, upload: Callable[..., Scan], bundles: Any, moderator: User
) -> None:
    scan = upload()
    queue = ReviewQueue.objects.order_by("order")[0]
    item, _new = ReviewItem.objects.get_or_create(
        scan=scan, closed_at=None, defaults={"queue": queue, "due_at": timezone.now()}
    )
    Decision.objects.create(
        scan=scan, item=item, decider=moderator, assessment=scan.assessment, label="misleading_context", action="label",
        settles_at=timezone.now() - dt.timedelta(minutes=1),
    )  # fmt: skip
    notifications.tell_settled()
    assert "New decision: Misleading context" in text(ann)
    ann.get(f"/scans/{scan.pk}/")
    assert "New decision" not in text(ann)


def test_failed_scans_and_what_the_trash_is_about_to_lose_wait(ann: Client, uploader: User) -> None:
    make(uploader, 1, status="failed", name="broken.mp4")
    now = timezone.now()
    make(uploader, 2, name="old.jpg", trashed_at=now, purge_at=now + dt.timedelta(days=1))
    page = text(ann)
    assert "The analysis failed" in page
    assert "2 scans will be permanently deleted within two days" in page


def test_storage_counts_what_is_kept(ann: Client, uploader: User, settings: Any) -> None:
    settings.QUOTA_MB = 1
    make(uploader, 300)
    make(uploader, 300, status="deleted")
    assert "You use 293.0\xa0KB of 1.0\xa0MB" in ann.get("/").content.decode()


def test_who_reviews_starts_from_here(
    as_user: Callable[..., Client], moderator: User, uploader: User, ann: Client
) -> None:
    scans = make(uploader, 3, name="waits.jpg")
    wait_for_review(scans[:1], due_at=timezone.now() - dt.timedelta(hours=1), assigned_to=moderator)
    wait_for_review(scans[1:])
    mod = as_user(moderator)
    page = text(mod)
    assert "Start reviewing" in page
    assert "<b>1</b> Overdue" in page
    assert "<b>3</b> Available" in page
    assert "overdue for 1 hour" in page
    assert "Decided today" not in page, "the day of everybody is for leads"
    assert "Start reviewing" not in text(ann)


def test_a_lead_sees_the_day_of_everybody(
    as_user: Callable[..., Client], lead: User, moderator: User, uploader: User
) -> None:
    scans = make(uploader, 4)
    now = timezone.now()
    wait_for_review(scans[:1], closed_at=now)
    wait_for_review(scans[1:3], holder=moderator, held_until=now + dt.timedelta(minutes=5))
    wait_for_review(scans[3:], opened_at=now - dt.timedelta(days=3))
    Decision.objects.create(
        scan=scans[0], item=ReviewItem.objects.get(scan=scans[0]), decider=moderator, label="inconclusive",
        settles_at=now,
    )  # fmt: skip
    client = as_user(lead)
    today = client.get("/").context["today"]
    assert (today.opened, today.closed, today.waiting) == (3, 1, 3)
    assert [(row.name, row.decided, row.holds) for row in today.reviewers] == [("Moderator", 1, 2)]
    assert "3 days" in text(client)
    few = queries(client)
    more = make(uploader, 30)
    wait_for_review(more)
    assert queries(client) == few


def test_an_admin_sees_what_works_and_what_does_not(as_user: Callable[..., Client], admin: User, lead: User) -> None:
    page = text(as_user(admin))
    assert "Needs attention" in page, "no worker runs beside these tests"
    assert "Analysis worker <span>Down</span>" in page
    assert "Database <span>Working</span>" in page
    assert "Analysis worker" not in text(as_user(lead))


def test_the_front_page_works_while_redis_is_away(
    as_user: Callable[..., Client], admin: User, redis_away: None
) -> None:
    assert "Message broker <span>Down</span>" in text(as_user(admin))
