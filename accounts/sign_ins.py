"""A log line about each sign-in, successful or not, and each change of what somebody signs in with.

People are named by their number. A failed attempt names its account by a keyed digest: it shows that attempts belong
together, and gives no address away.
"""

from typing import Any

import structlog
from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from .throttle import address_of

log = structlog.get_logger(__name__)


def account_digest(name: str) -> str:
    return salted_hmac("accounts.sign_ins", name.strip().casefold(), algorithm="sha256").hexdigest()[:16]


def _from(request: HttpRequest | None) -> str | None:
    return address_of(request) if request is not None else None


@receiver(account.user_logged_in)
def _signed_in(request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    methods = [record.get("method") for record in request.session.get("account_authentication_methods", [])]
    log.info("signed in", user=user.pk, methods=methods, address=_from(request))


@receiver(user_logged_out)
def _signed_out(request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    if user is not None:
        log.info("signed out", user=user.pk, address=_from(request))


@receiver(user_login_failed)
def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_kwargs: Any) -> None:
    name = str(credentials.get("email") or credentials.get("username") or "")
    log.warning("sign-in failed", account=account_digest(name), method="password", address=_from(request))


@receiver(mfa.authentication_failed)
def _second_factor_failed(request: HttpRequest, user: Any, authenticator: Any, **_kwargs: Any) -> None:
    log.warning("sign-in failed", user=user.pk, method=getattr(authenticator, "type", "mfa"), address=_from(request))


@receiver(mfa.authenticator_added)
@receiver(mfa.authenticator_removed)
@receiver(mfa.authenticator_reset)
def _second_factor_changed(signal: Any, request: HttpRequest, user: Any, authenticator: Any, **_kwargs: Any) -> None:
    change = {mfa.authenticator_added: "added", mfa.authenticator_removed: "removed"}.get(signal, "reset")
    log.info("second factor changed", user=user.pk, type=authenticator.type, change=change, address=_from(request))


@receiver(account.password_changed)
@receiver(account.password_set)
@receiver(account.password_reset)
def _password_changed(request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    log.info("password changed", user=user.pk, address=_from(request))


@receiver(account.email_changed)
def _email_changed(request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    log.info("email address changed", user=user.pk, address=_from(request))
