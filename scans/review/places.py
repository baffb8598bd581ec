"""Why an item stands where it stands in the queue, in words."""

from django.utils import timezone
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from ..models import ReviewItem


def place_of(item: ReviewItem) -> str:
    """What decides its place first. The priority of one that is judged blind would tell the models' answer."""
    now = timezone.now()
    if item.closed_at:
        return _("done")
    if item.is_overdue:
        late = _("overdue for %(time)s") % {"time": timesince(item.due_at, now, depth=1)}
        return late if item.blind else _("%(late)s, priority %(priority)d") % {"late": late, "priority": item.priority}
    due = _("due in %(time)s") % {"time": timeuntil(item.due_at, now, depth=1)}
    return due if item.blind else _("priority %(priority)d, %(due)s") % {"priority": item.priority, "due": due}
