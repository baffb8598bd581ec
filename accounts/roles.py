"""Who may do what: the roles, what each may do, and who may open which page.

Three tables that a person can read. The groups in the database are filled from the first two after every migration;
`gate.Gate` enforces the third on every request, so that a view without a rule is closed to everyone.
"""

from fnmatch import fnmatchcase
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db import models
from django.utils.translation import gettext_lazy as _

from . import audit
from .models import User


class Role(models.TextChoices):
    UPLOADER = "uploader", _("Uploader")
    MODERATOR = "moderator", _("Moderator")
    LEAD = "lead", _("Lead")
    AUDITOR = "auditor", _("Auditor")
    INTEGRATOR = "integrator", _("Integrator")
    ADMIN = "admin", _("Admin")


UPLOADER, MODERATOR, LEAD, AUDITOR, INTEGRATOR, ADMIN = Role
DESK: Final = frozenset({MODERATOR, LEAD, AUDITOR, ADMIN})  # those who may enter the admin

# What a role may do. Permission → roles. An auditor reads and never writes.
PERMISSIONS: Final[dict[str, frozenset[Role]]] = {
    # people
    "accounts.view_user": frozenset({LEAD, AUDITOR, ADMIN}),
    "accounts.add_user": frozenset({ADMIN}),
    "accounts.change_user": frozenset({ADMIN}),
    "accounts.view_apikey": frozenset({AUDITOR, ADMIN}),
    "accounts.change_apikey": frozenset({ADMIN}),
    "accounts.view_erasure": frozenset({AUDITOR, ADMIN}),
    "scans.view_scan": frozenset({MODERATOR, LEAD, AUDITOR, ADMIN}),
    "scans.view_reviewitem": frozenset({MODERATOR, LEAD, AUDITOR, ADMIN}),
    "scans.view_skip": frozenset({LEAD, AUDITOR, ADMIN}),
    "scans.view_assessment": frozenset({MODERATOR, LEAD, AUDITOR, ADMIN}),
    "scans.view_decision": frozenset({MODERATOR, LEAD, AUDITOR, ADMIN}),
    "scans.view_event": frozenset({LEAD, AUDITOR, ADMIN}),
    "scans.view_legalhold": frozenset({LEAD, AUDITOR, ADMIN}),
    "scans.add_legalhold": frozenset({ADMIN}),
    "scans.view_purgerun": frozenset({AUDITOR, ADMIN}),
    "scans.view_chaincheck": frozenset({LEAD, AUDITOR, ADMIN}),
    **{
        f"scans.{verb}_{what}": frozenset({LEAD, ADMIN, *({AUDITOR, MODERATOR} if verb == "view" else ())})
        for what in ("rule", "reviewqueue", "policy", "cannedreply", "trustedsource")
        for verb in ("view", "add", "change")
    },
    **{
        f"scans.view_{what}": frozenset({MODERATOR, LEAD, AUDITOR, ADMIN})
        for what in ("panelversion", "knownfile", "lockedcase", "finding", "appeal")
    },
    "scans.install_model": frozenset({ADMIN}),
    "scans.view_endpoint": frozenset({AUDITOR, ADMIN}),
    "scans.change_endpoint": frozenset({ADMIN}),
    "scans.view_delivery": frozenset({AUDITOR, ADMIN}),
    "scans.review": frozenset({MODERATOR, LEAD, ADMIN}),
    "scans.lead_review": frozenset({LEAD, ADMIN}),
    "auth.view_group": frozenset({AUDITOR, ADMIN}),
    "auth.add_group": frozenset({ADMIN}),
    "auth.change_group": frozenset({ADMIN}),
    "accounts.view_system": frozenset({AUDITOR, ADMIN}),
    "accounts.run_system": frozenset({ADMIN}),
    "admin.view_logentry": frozenset({AUDITOR, ADMIN}),
}

# What a key of a person with this role may be allowed to do. Scope → roles.
SCOPES: Final[dict[str, frozenset[Role]]] = {
    "scans:read": frozenset(Role),
    "scans:write": frozenset({UPLOADER, MODERATOR, LEAD, INTEGRATOR, ADMIN}),
    "review:read": frozenset({MODERATOR, LEAD, AUDITOR, ADMIN}),
    "review:write": frozenset({MODERATOR, LEAD, ADMIN}),
    "webhooks": frozenset({INTEGRATOR, ADMIN}),
}
SCOPE_WORDS: Final = {
    "scans:read": _("Read scans"),
    "scans:write": _("Upload and delete scans"),
    "review:read": _("Read the review queues"),
    "review:write": _("Decide on reviews"),
    "webhooks": _("Manage webhooks"),
}
STAFF_SCOPES: Final = frozenset({"review:read", "review:write"})  # they act with a staff permission

ANYONE: Final = "anyone"
SIGNED_IN: Final = "signed in"
ACCEPTED: Final = "signed in, and accepted the rules of use"
AT_THE_DESK: Final = "at the desk"  # a role of DESK, with a second factor; the admin asks for permissions itself

# Who may open a view. View name, or a pattern of names → rule. The first line that fits counts.
VIEWS: Final[dict[str, str]] = {
    "home": ANYONE,
    "theme": ANYONE,
    "help*": ANYONE,
    "privacy": ANYONE,
    "contact": ANYONE,
    "status": ANYONE,
    "set_language": ANYONE,
    "styleguide": ANYONE,
    "account_login": ANYONE,
    "account_logout": ANYONE,
    "account_inactive": ANYONE,
    "account_signup": ANYONE,
    "account_email_verification_sent": ANYONE,
    "account_confirm_email": ANYONE,
    "account_confirm_login_code": ANYONE,
    "account_reset_password*": ANYONE,
    "mfa_authenticate": ANYONE,
    "mfa_login_webauthn": ANYONE,
    "account_*": SIGNED_IN,
    "mfa_*": SIGNED_IN,
    "usersessions_list": SIGNED_IN,
    "profile:*": SIGNED_IN,
    "scans:shared*": ANYONE,  # whoever has the link
    "scans:check": ANYONE,
    "scans:about": ANYONE,
    "scans:example": ANYONE,
    "scans:models": ANYONE,
    "scans:card": ANYONE,
    "scans:card_json": ANYONE,
    "scans:capabilities*": ANYONE,
    "scans:transparency*": ANYONE,  # each view asks whether the reports are public
    "scans:signing_keys*": ANYONE,
    "scans:verifier": ANYONE,
    "rules": ANYONE,
    "scans:new": ACCEPTED,
    "scans:batches": ACCEPTED,
    "scans:camera": ACCEPTED,
    "scans:live": ACCEPTED,
    "scans:tus": ACCEPTED,
    "scans:*": SIGNED_IN,  # one's own only: each view asks for the scans that this person may see
    "api:*": ANYONE,  # DRF asks for a key or a session and answers 401
    "admin:login": ANYONE,
    "admin:logout": ANYONE,
    "admin:jsi18n": ANYONE,
    "admin:*": AT_THE_DESK,
}


# Where everybody needs a second factor, these views open before it is set up: the way there, and what is public.
WITHOUT_SECOND_FACTOR: Final = (
    "theme", "help*", "privacy", "contact", "status", "set_language", "rules", "account_*", "mfa_*",
    "usersessions_list", "profile:*", "scans:shared*", "scans:check", "scans:about", "scans:example", "scans:models",
    "scans:card*", "scans:capabilities*", "scans:transparency*", "scans:signing_keys*", "scans:verifier", "admin:login",
    "admin:logout", "admin:jsi18n", "api:*",  # the API asks for scopes
)  # fmt: skip


def needs_second_factor(view_name: str, user: Any) -> bool:
    """Whether the view is closed to this person until they have set up a second factor."""
    return bool(
        settings.EVERYONE_SECOND_FACTOR
        and user.is_authenticated
        and user.second_factor_missing
        and not any(fnmatchcase(view_name, pattern) for pattern in WITHOUT_SECOND_FACTOR)
    )


def rule_for(view_name: str) -> str | None:
    return next((rule for pattern, rule in VIEWS.items() if fnmatchcase(view_name, pattern)), None)


def roles_of(user: User | AnonymousUser) -> frozenset[Role]:
    """The person's roles; a superuser is an admin. Cached for a request."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    cached: frozenset[Role] | None = user.__dict__.get("_roles")
    if cached is None:
        names = {g.name for g in user.groups.all()} | ({ADMIN} if user.is_superuser else set())
        cached = user.__dict__["_roles"] = frozenset(role for role in Role if role in names)
    return cached


def scopes_for(user: User | AnonymousUser) -> list[str]:
    """What this person, or a key of theirs, may do by program now; without a second factor nothing that staff do."""
    held = roles_of(user)
    scopes = [scope for scope, roles in SCOPES.items() if roles & held]
    if settings.EVERYONE_SECOND_FACTOR and isinstance(user, User) and user.second_factor_missing:
        return []
    if isinstance(user, User) and STAFF_SCOPES.intersection(scopes) and user.second_factor_missing:
        return [scope for scope in scopes if scope not in STAFF_SCOPES]
    return scopes


def give(user: User, *roles: Role) -> None:
    user.groups.add(*Group.objects.filter(name__in=roles))


def fill_groups(using: str, **_kwargs: Any) -> None:
    """Make the groups' permissions what PERMISSIONS says; runs after every migration."""
    by_label = {
        f"{p.content_type.app_label}.{p.codename}": p
        for p in Permission.objects.using(using).select_related("content_type")
    }
    for group in Group.objects.using(using).filter(name__in=Role):
        group.permissions.set(
            by_label[label] for label, roles in PERMISSIONS.items() if group.name in roles and label in by_label
        )


def keep_desk_flag(instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_kwargs: Any) -> None:
    """`is_staff` follows the roles: whoever changes somebody's groups changes it."""
    if action == "pre_clear" and reverse:  # afterwards nobody can tell whom the group had
        instance.left = set(instance.user_set.values_list("pk", flat=True))
    if action not in ("post_add", "post_remove", "post_clear"):
        return
    left = pk_set if pk_set is not None else getattr(instance, "left", set())
    people = left if reverse else {instance.pk}
    groups = {instance.pk} if reverse else (pk_set or set())
    if people and (groups or action == "post_clear"):
        changed = sorted(Group.objects.filter(pk__in=groups).values_list("name", flat=True))
        audit.record("roles_changed", people=sorted(people), change=action.removeprefix("post_"), roles=changed)
    for user in User.objects.filter(pk__in=left) if reverse else [instance]:
        user.__dict__.pop("_roles", None)
        names = set(user.groups.values_list("name", flat=True))
        at_desk = user.is_superuser or bool(names & DESK)
        if user.is_staff != at_desk:
            user.is_staff = at_desk
            user.save(update_fields=["is_staff"])
