"""For the header: how many notifications were not read yet."""

from typing import Any

from django import template

from ..models import Notification
from ..models.notification import MOST_COUNTED

register = template.Library()


@register.simple_tag
def unread_notifications(user: Any) -> str:
    """Empty for none; what is more than two digits is cut."""
    count = len(Notification.objects.filter(recipient=user).unread().values_list("pk")[:MOST_COUNTED])
    return "" if not count else str(count) if count < MOST_COUNTED else f"{MOST_COUNTED - 1}+"
