"""Events that hang on no scan: what was done with settings, accounts and keys."""

import json
from typing import Any

from django.contrib.admin.models import ADDITION, DELETION, LogEntry

from ..models import Event
from ..models.event import Kind

VERBS = {ADDITION: "added", DELETION: "deleted"}


def note_account(kind: str, actor: Any, content: dict[str, Any], **_kwargs: Any) -> None:
    Event.objects.create(kind=Kind(kind), actor=actor, content=content)


def note_setting(instance: LogEntry, created: bool, **_kwargs: Any) -> None:
    """Whatever is changed in the admin leaves a row of its log; people and other rows are named by their numbers."""
    if not created or instance.content_type is None:
        return
    try:
        changes = json.loads(instance.change_message or "[]")
    except ValueError:
        changes = instance.change_message
    content = {
        "object": f"{instance.content_type.app_label}.{instance.content_type.model}:{instance.object_id}",
        "verb": VERBS.get(instance.action_flag, "changed"),
        "changes": changes,
    }
    Event.objects.create(kind=Kind.SETTING_CHANGED, actor=instance.user, content=content)
