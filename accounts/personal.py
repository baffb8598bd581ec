"""What is held about a person: handed out as a zip, or erased on their wish.

Each room that keeps something about people adds a `Holder` when it starts; this one knows only the account itself.
"""

import datetime as dt
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

import structlog
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from . import audit, mail, roles
from .models import Erasure, User

log = structlog.get_logger(__name__)

Content = Iterable[bytes] | dict[str, Any]  # a file's bytes in pieces, or something for JSON


@dataclass(frozen=True, slots=True)
class Holder:
    """A room that holds something about people.

    `export` says it as (name in the zip, content); `holds` names reasons that forbid erasing now; `erase` removes it
    and returns what stays, in words.
    """

    export: Callable[[User], Iterator[tuple[str, Content]]]
    holds: Callable[[User], list[str]]
    erase: Callable[[User], list[str]]


# -- The account itself --------------------------------------------------------------------------------


def _export_account(user: User) -> Iterator[tuple[str, Content]]:
    yield (
        "account.json",
        {
            "email": user.email,
            "name": user.name,
            "language": user.language,
            "time_zone": user.time_zone,
            "joined": user.date_joined,
            "last_sign_in": user.last_login,
            "roles": sorted(roles.roles_of(user)),
            "email_addresses": list(EmailAddress.objects.filter(user=user).values("email", "verified", "primary")),
            "second_factors": [
                {"type": a.type, "added": a.created_at, "last_used": a.last_used_at}
                for a in Authenticator.objects.filter(user=user)
            ],
            "sessions": list(
                UserSession.objects.filter(user=user).values("ip", "user_agent", "created_at", "last_seen_at")
            ),
            "rules_accepted": list(user.acceptances.values("version", "accepted_at")),
            "api_keys": list(
                user.api_keys.values(
                    "name", "prefix", "test", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"
                )
            ),
            "erasures": list(user.erasures.values("id", "asked_at", "due_at", "withdrawn_at", "done_at", "kept")),
        },
    )


def _erase_account(user: User) -> list[str]:
    """The row stays, without anything that says who it was: what they did here must stay attributable to somebody."""
    for session in UserSession.objects.filter(user=user):
        session.end()
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    user.api_keys.all().delete()
    user.groups.clear()
    user.email = f"erased-{user.pk}@erased.invalid"
    user.name, user.language, user.time_zone = "", "", "UTC"
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login = None
    user.set_unusable_password()
    user.save()
    return ["An empty account row, so that the record of what was done here stays whole."]


account = Holder(export=_export_account, holds=lambda user: [], erase=_erase_account)
holders: list[Holder] = []


# -- Handing out ----------------------------------------------------------------------------------------


def write_export(user: User, file: IO[bytes]) -> None:
    """Everything held about `user`, as a zip."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for holder in holders:
            for name, content in holder.export(user):
                with archive.open(name, "w", force_zip64=True) as member:
                    if isinstance(content, dict):
                        content = [json.dumps(content, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False).encode()]
                    for piece in content:
                        member.write(piece)
    audit.record("exported", user, what="personal data")
    log.info("personal data exported", user=user.pk)


# -- Erasing ----------------------------------------------------------------------------------------------


def open_erasure(user: User) -> Erasure | None:
    return user.erasures.filter(withdrawn_at=None, done_at=None).first()


def ask_for_erasure(user: User) -> Erasure:
    """Request the erasure of an account after the days of grace. A second request changes nothing."""
    with transaction.atomic():
        due_at = timezone.now() + dt.timedelta(days=settings.ERASURE_GRACE_DAYS)
        erasure, is_new = Erasure.objects.get_or_create(
            user=user, withdrawn_at=None, done_at=None, defaults={"due_at": due_at}
        )
        if is_new:
            mail.send_template(user, "erasure_asked", erasure=erasure)
            audit.record("erasure_requested", user, receipt=str(erasure.pk))
            log.info("erasure asked", user=user.pk, receipt=str(erasure.pk))
    return erasure


@transaction.atomic
def withdraw_erasure(user: User) -> bool:
    erasure = open_erasure(user)
    withdrawn = user.erasures.filter(withdrawn_at=None, done_at=None).update(withdrawn_at=timezone.now())
    if erasure and withdrawn:
        audit.record("erasure_withdrawn", user, receipt=str(erasure.pk))
    return bool(withdrawn)


def erase_due() -> int:
    """Erase the accounts that are due and return their number."""
    due = Erasure.objects.filter(withdrawn_at=None, done_at=None, due_at__lte=timezone.now()).select_related("user")
    return sum(_erase(erasure) for erasure in due)


def _erase(erasure: Erasure) -> bool:
    user = erasure.user
    reasons = [reason for holder in holders for reason in holder.holds(user)]
    if reasons:
        Erasure.objects.filter(pk=erasure.pk).update(kept=reasons)
        log.info("erasure held up", receipt=str(erasure.pk), reasons=len(reasons))
        return False
    with transaction.atomic():
        open_rows = Erasure.objects.filter(pk=erasure.pk, withdrawn_at=None, done_at=None)
        if not open_rows.update(done_at=timezone.now()):
            return False  # taken back, or another worker was first
        mail.send_template(user, "erasure_done", erasure=erasure)  # before the address is gone
        kept = [line for holder in reversed(holders) for line in holder.erase(user)]
        Erasure.objects.filter(pk=erasure.pk).update(kept=kept)
        audit.record("person_erased", person=user.pk, receipt=str(erasure.pk))
    log.info("person erased", receipt=str(erasure.pk))
    return True
