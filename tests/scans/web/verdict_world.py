"""A scan whose verdict changes, and what each surface says of it."""

import csv
import datetime as dt
import html
import io
import json
import re
from typing import Any

from django.test import Client
from pypdf import PdfReader

from accounts import keys
from accounts.models import User
from scans.models import Action, Label, Policy, ReviewItem, Scan, Share
from scans.review import appeals, decisions
from scans.updates import change_feed, notifications


class Clock:
    now = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

    def later(self, seconds: int = 301) -> None:
        self.now += dt.timedelta(seconds=seconds)


class World:
    """One file on its way, and everybody who may read what is said of it."""

    def __init__(self, scan: Scan, clock: Clock, uploader: User, moderator: User, other: User, run: Any) -> None:
        self.scan, self.clock, self.uploader, self.moderator, self.other = scan, clock, uploader, moderator, other
        self.run = run
        self.policy = Policy.objects.create(code="swap", title="Face swaps", text="Swapped faces are labelled.")
        self.owner, self.desk = Client(), Client()
        self.owner.force_login(uploader)
        self.desk.force_login(moderator)
        _key, secret = keys.issue(uploader, name="reader", scopes=["scans:read"])
        self.program = Client(headers={"Authorization": f"Bearer {secret}"})

    def decide(self, person: User, label: Label, **options: Any) -> Any:
        item = ReviewItem.objects.open().filter(scan=self.scan).first()
        assert item is not None
        ReviewItem.objects.filter(pk=item.pk).update(blind=False)
        item.refresh_from_db()
        return decisions.decide(item, person, label, policy=self.policy, **options)

    def reach(self, state: str) -> None:
        if state in ("decided", "appealed", "overturned"):
            decision = self.decide(self.moderator, Label.NOT_MANIPULATED)
            self.settle()
        if state in ("appealed", "overturned"):
            appeals.make(decision, self.uploader, "Look at the chin.")
            self.settle()
        if state == "overturned":
            self.decide(self.other, Label.MANIPULATED, public_note="You are right.")
        if state == "held":
            assert self.decide(self.moderator, Label.PERMITTED, action=Action.REMOVE).needs_second
        if state == "undone":
            decisions.undo(self.decide(self.moderator, Label.NOT_MANIPULATED), self.moderator)
        self.settle()

    def settle(self) -> None:
        self.clock.later()
        with self.run(execute=True):
            notifications.tell_settled()
        change_feed.publish()

    def page(self, where: str, client: Client | None = None) -> str:
        answer = (client or self.owner).get(where)
        assert answer.status_code == 200, (where, answer.status_code)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        return str(content.decode())

    def pdf(self) -> str:
        answer = self.owner.get(f"/scans/{self.scan.pk}/report.pdf")
        pages = PdfReader(io.BytesIO(b"".join(answer.streaming_content))).pages  # type: ignore[attr-defined]
        return "\n".join(page.extract_text() for page in pages)


def verdicts_in(page: str) -> set[str]:
    """The words of every verdict that the page shows."""
    shown = re.findall(r'class="[^"]*\bverdict-words\b[^"]*"[^>]*>\s*([^<]*?)\s*<', page)
    return {html.unescape(words) for words in shown}


# Where the verdict is read: each returns the words, or the pair of code and source.


def home(world: World) -> set[str]:
    return verdicts_in(world.page("/"))


def history(world: World) -> set[str]:
    return verdicts_in(world.page("/scans/"))


def batch(world: World) -> set[str]:
    return verdicts_in(world.page(f"/scans/batches/{world.scan.batch_id}/"))


def result(world: World) -> set[str]:
    return verdicts_in(world.page(world.scan.get_absolute_url()))


def shared(world: World) -> set[str]:
    world.owner.post(f"/scans/{world.scan.pk}/share/", {"days": "7"})
    return verdicts_in(world.page(f"/shared/{Share.objects.get().token}/", Client()))


def review_page(world: World) -> set[str]:
    item = ReviewItem.objects.visible_to(world.moderator).filter(scan=world.scan).first()
    assert item is not None
    ReviewItem.objects.update(blind=False)
    return verdicts_in(world.page(f"/admin/scans/reviewitem/{item.pk}/change/", world.desk))


def desk_list(world: World) -> set[str]:
    ReviewItem.objects.update(blind=False)
    return verdicts_in(world.page("/admin/scans/scan/", world.desk))


def csv_export(world: World) -> set[str]:
    (row,) = csv.DictReader(world.page("/scans/export.csv").lstrip("\ufeff").splitlines())
    return {row["verdict"]}


def json_export(world: World) -> set[str]:
    (row,) = json.loads(world.page("/scans/export.json"))
    return {row["verdict"]}


def pdf(world: World) -> set[str]:
    text = world.pdf()
    heading = re.search(r"^Verdict: (.+)$", text, re.MULTILINE)
    return {heading.group(1).strip()} if heading else {text[:300]}


SURFACES = (home, history, batch, result, shared, review_page, desk_list, csv_export, json_export, pdf)
