"""API keys: issue, verify, rotate, revoke.

A key reads `dfm_live_<prefix>_<secret>` (`dfm_test_…` for the sandbox). The secret has 256 random bits, so one SHA-256
is enough to keep it safe: nobody can try that many. It is shown once and never stored.
"""

import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from . import audit, roles
from .models import ApiKey, User

log = structlog.get_logger(__name__)

SHAPE = re.compile(r"dfm_(live|test)_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
AT_A_TIME = 2  # of one name: the one in use, and the one that takes over
NOTE_USE_EVERY = dt.timedelta(minutes=1)


def issue(
    user: User, *, name: str, scopes: Iterable[str], test: bool = False, expires_at: dt.datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key and its secret text, which nobody can see again."""
    scopes = sorted(set(scopes))
    allowed = roles.scopes_for(user)
    if refused := [scope for scope in scopes if scope not in allowed]:
        raise ValidationError(
            _("Your account does not have these permissions: %(scopes)s.") % {"scopes": ", ".join(refused)}
        )
    if not scopes:
        raise ValidationError(_("Choose at least one permission."))
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError(_("The expiry date must be in the future."))
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two requests at once count one after the other
        if user.api_keys.usable().filter(name=name, test=test).count() >= AT_A_TIME:
            raise ValidationError(
                _("“%(name)s” already has %(count)d active keys. Revoke one of them first.")
                % {"name": name, "count": AT_A_TIME}
            )
        key = ApiKey(user=user, name=name, prefix=prefix, secret_sha256=_hash(secret), test=test, scopes=scopes)
        key.expires_at = expires_at
        key.save(force_insert=True)
        audit.record("key_issued", user, key=prefix, test=test, scopes=scopes)
    log.info("api key issued", key=prefix, owner=user.pk, scopes=scopes)
    return key, f"dfm_{'test' if test else 'live'}_{prefix}_{secret}"


def rotate(key: ApiKey) -> tuple[ApiKey, str]:
    """A second key like this one. Both work until one is revoked."""
    if not key.is_usable:
        raise ValidationError(_("This key has expired or was revoked."))
    allowed = roles.scopes_for(key.user)
    return issue(
        key.user,
        name=key.name,
        scopes=[scope for scope in key.scopes if scope in allowed],
        test=key.test,
        expires_at=key.expires_at,
    )


def verify(text: str) -> ApiKey | None:
    """The usable key with this text, or None."""
    match = SHAPE.fullmatch(text)
    if not match:
        return None
    kind, prefix, secret = match.groups()
    key = ApiKey.objects.usable().select_related("user").filter(prefix=prefix, test=kind == "test").first()
    if key is None or not hmac.compare_digest(key.secret_sha256, _hash(secret)):
        return None
    _note_use(key)
    return key


def _note_use(key: ApiKey) -> None:
    """Store the use of a key: in its row once a minute, in the audit record once an hour."""
    now = timezone.now()
    if key.last_used_at is not None and now - key.last_used_at <= NOTE_USE_EVERY:
        return
    with transaction.atomic():
        hour = now.replace(minute=0, second=0, microsecond=0)
        not_this_hour = Q(last_used_at=None) | Q(last_used_at__lt=hour)
        if ApiKey.objects.filter(not_this_hour, pk=key.pk).update(last_used_at=now):
            audit.record("key_used", key.user, key=key.prefix)
        else:
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)


@transaction.atomic
def revoke(key: ApiKey, actor: Any = None) -> bool:
    """Revoke the key; False if it was revoked before. `actor`: who does it, if not its owner."""
    closed = bool(ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()))
    if closed:
        audit.record("key_revoked", actor or key.user, key=key.prefix)
        log.info("api key revoked", key=key.prefix, owner=key.user_id)
    return closed


def effective_scopes(key: ApiKey) -> list[str]:
    """The scopes of the key that its owner's roles still allow."""
    allowed = roles.scopes_for(key.user)
    return [scope for scope in key.scopes if scope in allowed]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
