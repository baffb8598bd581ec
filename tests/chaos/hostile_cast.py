"""People of every role, and what hostile requests can name."""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from .sender import photo


@dataclass
class Cast:
    """People of every role with their sessions and keys, and ids of what is there."""

    people: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)

    def sign_in(self) -> None:
        from django.test import Client
        from django.utils import timezone

        from accounts import roles, rules
        from accounts.models import ApiKey, User

        for role in roles.Role:
            person, _is_new = User.objects.get_or_create(email=f"{role.value}@example.org")
            User.objects.filter(pk=person.pk).update(is_active=True, name=role.label)
            roles.give(person, role)
            person = self.people[role.value] = User.objects.get(pk=person.pk)
            rules.accept(person)
            browser = Client()
            browser.force_login(person)
            self.sessions[role.value] = browser.cookies["session"].value
            ApiKey.objects.filter(user=person).update(expires_at=timezone.now() + dt.timedelta(days=1))

    def issue_keys(self) -> None:
        from accounts import keys, roles

        for role, person in self.people.items():
            _key, secret = keys.issue(person, name=f"hostile {role}", scopes=sorted(roles.scopes_for(person)))
            self.keys[role] = secret

    def look_around(self) -> None:
        """Ids of rows, by kind of address."""
        from django.apps import apps

        ids: dict[str, list[str]] = {"uuid": [], "int": ["1", "2", "3"], "str": [], "slug": [], "path": []}
        for model in apps.get_models():
            for pk in model._default_manager.order_by("?").values_list("pk", flat=True)[:8]:
                kind = "uuid" if isinstance(pk, uuid.UUID) else "int" if isinstance(pk, int) else "str"
                ids[kind].append(str(pk))
        ids["path"] = ids["int"] + ids["uuid"]  # of pages of the desk
        self.ids = ids


def fill(cast: Cast) -> None:
    """Two scans for each person, and a webhook address."""
    from django.core.files.base import ContentFile

    from scans.models import Endpoint
    from scans.uploads import intake

    for number, person in enumerate(cast.people.values()):
        for turn in range(2):
            intake.submit(person, ContentFile(photo(f"{number}-{turn}"), name=f"{number}.jpg"))
    Endpoint.objects.create(owner=cast.people["integrator"], url="http://127.0.0.1:9/hook")
