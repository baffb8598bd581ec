"""Notifications: who gets which, the count in the header, read marks, and mail only where it is wanted."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from scans import tasks
from scans.analysis import routing
from scans.models import (
    Decision,
    MailPreferences,
    Notification,
    Reason,
    ReviewItem,
    ReviewQueue,
    Scan,
    Source,
    Status,
)
from scans.models.notification import notify

pytestmark = pytest.mark.django_db


def unread(client: Client) -> str:
    """The number beside the bell."""
    count = re.search(r'<span class="count"[^>]*>([^<]+)</span>', client.get("/help/").content.decode())
    return count[1] if count else ""


def test_a_result_is_told_once_and_looking_at_it_is_enough(scan: Scan, ann: Client, bob: Client) -> None:
    assert unread(ann) == "1"
    assert unread(bob) == ""
    page = ann.get("/notifications/").content.decode()
    assert "Your result is ready" in page
    assert scan.name in page
    ann.get(f"/scans/{scan.pk}/")
    assert unread(ann) == ""
    assert "Your result is ready" in ann.get("/notifications/").content.decode()


def test_opening_one_marks_it_read_and_leads_to_its_page(scan: Scan, ann: Client, bob: Client) -> None:
    row = Notification.objects.get()
    assert bob.get(f"/notifications/{row.pk}/").status_code == 404
    assert Notification.objects.unread().count() == 1
    assert ann.get(f"/notifications/{row.pk}/")["Location"] == f"/scans/{scan.pk}/"
    assert Notification.objects.unread().count() == 0


def test_all_are_marked_read_at_once_and_only_ones_own(scan: Scan, ann: Client, stranger: User) -> None:
    notify(stranger.pk, Notification.Kind.RESULT, scan=scan)
    page = ann.post("/notifications/read/", follow=True).content.decode()
    assert "All notifications are marked as read." in page
    assert Notification.objects.unread().get().recipient == stranger
    assert "No unread notifications" in ann.get("/notifications/?unread").content.decode()


def test_what_a_program_sent_is_not_told_of(bundles: Any, upload: Callable[..., Scan]) -> None:
    upload(source=Source.API)
    assert not Notification.objects.exists()


def test_a_file_that_can_not_be_analysed_is_told_of(uploader: User) -> None:
    scan = Scan.objects.create(owner=uploader, name="a.jpg", sha256="0" * 64, bytes=1, status=Status.ANALYSING)
    scan.move(Status.FAILED, refusal="unreadable")
    assert Notification.objects.get().kind == Notification.Kind.FAILED


def test_mail_goes_out_only_where_it_is_wanted_and_not_of_what_was_read(
    ann: Client, uploader: User, scan: Scan, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    def send() -> int:
        with django_capture_on_commit_callbacks(execute=True):
            tasks.tell_settled()
        return len(mail.outbox)

    assert send() == 0, "results are not mailed unless chosen"
    ann.post("/notifications/mail/", {"results": "on", "decisions": "on"})
    assert MailPreferences.objects.get().results
    notify(uploader.pk, Notification.Kind.RESULT, scan=scan)
    assert send() == 1
    assert f"/scans/{scan.pk}/" in mail.outbox[0].body
    assert send() == 1, "and once"
    notify(uploader.pk, Notification.Kind.RESULT, scan=scan)
    ann.get(f"/scans/{scan.pk}/")
    assert send() == 1, "it was read before the mail went out"


def test_what_was_read_long_ago_is_forgotten_and_what_was_not_read_stays(scan: Scan, uploader: User) -> None:
    old = notify(uploader.pk, Notification.Kind.RESULT, scan=scan)
    Notification.objects.filter(pk=old.pk).update(read_at=timezone.now() - dt.timedelta(days=91))
    tasks.forget_unfinished()
    assert not Notification.objects.filter(pk=old.pk).exists()
    assert Notification.objects.unread().count() == 1


def test_only_moderators_choose_about_assignments(ann: Client, as_user: Callable[..., Client], moderator: User) -> None:
    assert 'name="assignments"' not in ann.get("/notifications/").content.decode()
    assert 'name="assignments"' in as_user(moderator).get("/notifications/").content.decode()


def test_the_list_takes_the_same_number_of_queries_for_one_and_for_many(
    ann: Client, uploader: User, scan: Scan
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as taken:
            ann.get("/notifications/")
        return len(taken)

    queries()  # what is asked once for each visitor
    few = queries()
    for _number in range(20):
        notify(uploader.pk, Notification.Kind.RESULT, scan=scan)
    assert queries() == few


@pytest.mark.parametrize("by_mail", [True, False])
def test_a_decision_is_told_on_the_site_and_by_mail_unless_that_is_switched_off(
    scan: Scan, ann: Client, uploader: User, moderator: User, by_mail: bool,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:  # fmt: skip
    ann.post("/notifications/mail/", {"decisions": "on"} if by_mail else {})
    item = ReviewItem.objects.filter(scan=scan).first() or routing.put(
        scan, ReviewQueue.objects.get(slug="review"), Reason.HAND
    )
    Decision.objects.create(
        scan=scan, item=item, decider=moderator, assessment=scan.assessment, label="misleading_context", action="label",
        settles_at=timezone.now() - dt.timedelta(minutes=1),
    )  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        tasks.tell_settled()
    assert Notification.objects.get(kind="decided").recipient == uploader
    assert len(mail.outbox) == by_mail
    page = ann.get("/notifications/").content.decode()
    assert "A moderator has decided" in page
    assert "Misleading context" in page
