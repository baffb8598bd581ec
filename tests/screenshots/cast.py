"""People, files and decisions for the screenshots. Runs inside `manage.py shell`, beside the running site.

Every file is analysed by the site's own workers with the shipped panel, and every decision is made as at the desk.
"""

import datetime as dt
import io
import json
import time
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.core.files.base import ContentFile
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import keys, roles, rules
from accounts.models import ApiKey, User
from scans.analysis import routing
from scans.evidence import holds
from scans.evidence import report as reports
from scans.models import (
    Action,
    Appeal,
    Batch,
    Case,
    CaseLink,
    Decision,
    Endpoint,
    Feedback,
    Label,
    LegalHold,
    Policy,
    Reason,
    Report,
    ReviewItem,
    ReviewQueue,
    Rule,
    SavedSearch,
    Scan,
    Share,
    Status,
    Tag,
)
from scans.outcome.result import Result
from scans.retention import deletion
from scans.review import appeals, decisions
from scans.updates import notifications
from scans.uploads import intake

EXAMPLES = Path(settings.BASE_DIR) / "static" / "examples"
PEOPLE = {
    "uploader": ("Robin Adler", roles.UPLOADER),
    "newcomer": ("Kim Berger", roles.UPLOADER),
    "moderator": ("Mia Conrad", roles.MODERATOR),
    "lead": ("Lee Dorn", roles.LEAD),
    "admin": ("Alex Ebner", roles.ADMIN),
}
ANALYSED_WITHIN = 300  # seconds for all files
PASSWORD = "a long enough phrase"


def main() -> None:
    """Print what the states need: a session of each person, and the ids that stand in addresses."""
    if not User.objects.exists():
        build(make_people())
    people = {name: User.objects.get(email=f"{name}@example.org") for name in PEOPLE}
    print(json.dumps({"sessions": {name: session_of(user) for name, user in people.items()}, "ids": ids(people)}))


def make_people() -> dict[str, User]:
    people = {}
    for key, (name, role) in PEOPLE.items():
        user = people[key] = User.objects.create_user(f"{key}@example.org", PASSWORD, name=name)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        roles.give(user, role)
        rules.accept(user)
        if role in roles.DESK:
            TOTP.activate(user, generate_totp_secret())
    return people


def session_of(user: User) -> str:
    """The key of a new session in which this person has signed in."""
    session: SessionBase = import_string(f"{settings.SESSION_ENGINE}.SessionStore")()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "email": user.email}]
    session.create()
    return str(session.session_key)


def build(people: dict[str, User]) -> None:
    uploader = people["uploader"]
    scans = {name: submit(uploader, name, file) for name, file in FILES.items()}
    files = [("press photo.jpg", resaved("astronaut.jpg", 85)), ("portrait small.jpg", resaved("portrait.jpg", 80))]
    batch = intake.submit_all(
        uploader,
        [
            (name, ContentFile(content, name=name))
            for name, content in (*files, ("notes.txt", b"text"), ("empty.jpg", b""))
        ],
    )
    submit(uploader, "deleted", "astronaut.jpg", quality=60)
    unable = intake.submit(uploader, ContentFile(resaved("portrait.jpg", 70), name=UNABLE), sandbox=True)
    wait_until_analysed()
    for name, scan in scans.items():
        scans[name] = Scan.objects.get(pk=scan.pk)
    file_away(uploader, scans)
    review(people, scans, list(batch.scans.all()))
    share_each(
        {**scans, "little": batch.scans.earliest("created_at"), "appealed": scans["little"], "unable": unable}, uploader
    )
    report_each(scans, uploader)
    deletion.move_to_trash(Scan.objects.filter(name="deleted.jpg"), uploader)
    holds.place(LegalHold(scan=scans["film"], reason="Asked for by the court, file 12/345"), people["lead"])
    Endpoint.objects.create(
        owner=people["admin"], url="https://newsroom.example.org/hooks/scans", description="Newsroom"
    )
    keys.issue(uploader, name="Newsroom upload script", scopes=["scans:read", "scans:write"])


FILES = {
    "likely": "swapped.jpg",
    "film": "film.mp4",
    "inconclusive": "portrait.jpg",
    "little": "astronaut.jpg",
    "no-face": "profile.jpg",
    "decided": "generated.jpg",
    "failed": "film.mp4",
}
NAMES = {
    "likely": "interview still.jpg",
    "film": "press conference.mp4",
    "inconclusive": "profile picture from a message that was forwarded many times.jpg",
    "little": "astronaut.jpg",
    "no-face": "beach.jpg",
    "decided": "campaign poster.jpg",
    "failed": "broken download.mp4",
}
UNABLE = "unable_to_evaluate.jpg"  # in the sandbox, where the name decides
SHARED = ("likely", "film", "inconclusive", "little", "no-face", "decided", "appealed", "unable")


def submit(owner: User, name: str, file: str, *, quality: int = 0) -> Scan:
    content = resaved(file, quality) if quality else (EXAMPLES / file).read_bytes()
    if name == "failed":
        content = content[: len(content) // 3]
    return intake.submit(owner, ContentFile(content, name=NAMES.get(name, f"{name}.jpg")))


def resaved(file: str, quality: int) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.open(EXAMPLES / file).resize((700, 700)).save(out, "JPEG", quality=quality)
    return out.getvalue()


def wait_until_analysed() -> None:
    deadline = time.monotonic() + ANALYSED_WITHIN
    while Scan.objects.filter(status__in=(Status.QUEUED, Status.ANALYSING)).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not all files were analysed within {ANALYSED_WITHIN} s")
        time.sleep(0.5)


def file_away(uploader: User, scans: dict[str, Scan]) -> None:
    Tag.named(uploader, "election").scans.add(scans["decided"], scans["film"])
    Tag.named(uploader, "to check").scans.add(scans["inconclusive"])
    case = Case.objects.create(owner=uploader, title="Campaign posters in March", notes="Sent by a reader on 3 March.")
    case.scans.add(scans["decided"], scans["film"], scans["inconclusive"])
    CaseLink.objects.create(case=case, maker=uploader, with_picture=True, with_notes=True, expires_at=in_a_week())
    SavedSearch.objects.create(owner=uploader, name="Election, likely manipulated", query="outcome=likely_manipulated")


def share_each(scans: dict[str, Scan], uploader: User) -> None:
    """A link to each outcome. Only the one of the profile comes without its picture."""
    for name in SHARED:
        Share.objects.create(
            scan=scans[name], maker=uploader, token=f"only-for-pictures-{name}", with_picture=name != "no-face",
            expires_at=in_a_week(),
        )  # fmt: skip
    ended = {"scan": scans["likely"], "maker": uploader, "token": "only-for-pictures-ended"}
    Share.objects.create(**ended, expires_at=timezone.now())


def report_each(scans: dict[str, Scan], uploader: User) -> None:
    """A report that is current, one that a later decision replaced, and one that was withdrawn."""
    issued = [
        reports.issue(Result(scans[name], scans[name].assessment), uploader, lambda code: f"/check/?code={code}")
        for name in ("likely", "decided", "inconclusive")
    ]
    Report.objects.filter(pk=issued[1].pk).update(decision=None)
    Report.objects.filter(pk=issued[2].pk).update(withdrawn_at=timezone.now())


def in_a_week() -> Any:
    return timezone.now() + dt.timedelta(days=7)


def review(people: dict[str, User], scans: dict[str, Scan], others: list[Scan]) -> None:
    """One decision that stands, one with an appeal, one that awaits a second person; and items that wait."""
    lead, queue = people["lead"], ReviewQueue.objects.get(slug="review")
    policy = Policy.objects.get(code="synthetic-media")

    def item_of(scan: Scan, detail: str) -> ReviewItem:
        return routing.put(scan, queue, Reason.HAND, by=lead, detail=detail, blind=False)

    decide: dict[str, Any] = {"policy": policy, "public_note": "The jewellery and the background repeat themselves."}
    decisions.decide(item_of(scans["decided"], "Shared widely"), lead, Label.MANIPULATED, **decide)
    disputed = decisions.decide(item_of(scans["little"], "Asked by a reader"), lead, Label.MANIPULATED, **decide)
    Decision.objects.update(settles_at=timezone.now())
    notifications.tell_settled()
    appeals.make(disputed, people["uploader"], "This is a scan of the original print. NASA publishes it as S95-12716.")
    inconclusive = scans["inconclusive"]
    Feedback.objects.create(
        assessment=inconclusive.assessment,
        person=people["uploader"],
        kind=Feedback.Kind.MISSED,
        text="The left ear looks different in the other pictures of her.",
    )
    routing.feedback_given(inconclusive, inconclusive.assessment)
    for scan in (inconclusive, scans["film"], *others):
        item_of(scan, "Sent by the newsroom")
    removal = item_of(scans["likely"], "Reported by three people")
    decisions.decide(removal, lead, Label.MANIPULATED, action=Action.REMOVE, policy=policy, public_note="Face swap.")


def ids(people: dict[str, User]) -> dict[str, str]:
    """What stands in the addresses of the states, by the name that they use for it."""
    scans = {name: Scan.objects.get(name=file, trashed_at=None) for name, file in NAMES.items()}
    return {
        **{name: str(scan.pk) for name, scan in scans.items()},
        "batch": str(Batch.objects.get().pk),
        "case": str(Case.objects.get().pk),
        **{f"share-{name}": f"only-for-pictures-{name}" for name in (*SHARED, "ended")},
        "unable": str(Scan.objects.get(name=UNABLE).pk),
        "case-link": CaseLink.objects.get().token,
        **{f"report-{name}": report_of(scans[name]) for name in ("likely", "decided", "inconclusive")},
        "appeal-item": str(ReviewItem.objects.open().get(scan=scans["little"]).pk),
        "decision": str(Decision.objects.get(scan=scans["decided"]).pk),
        "removal": str(Decision.objects.get(scan=scans["likely"]).pk),
        "appeal": str(Appeal.objects.get().pk),
        "queue": str(ReviewQueue.objects.get(slug="review").pk),
        "policy": str(Policy.objects.get(code="synthetic-media").pk),
        "rule": str(Rule.objects.earliest("pk").pk),
        "hold": str(LegalHold.objects.get().pk),
        "endpoint": str(Endpoint.objects.get().pk),
        "key": str(ApiKey.objects.get().pk),
        "item": str(ReviewItem.objects.open().get(scan=scans["inconclusive"]).pk),
        "person": str(people["uploader"].pk),
    }


def report_of(scan: Scan) -> str:
    return Report.objects.get(assessment__scan=scan).code
