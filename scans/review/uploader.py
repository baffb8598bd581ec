"""What whoever uploaded a file has written about it: it stands on top of the page on which it is reviewed."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from ..models import Appeal, Feedback, Scan


@dataclass(frozen=True, slots=True)
class Message:
    heading: str
    text: str
    person: Any
    at: dt.datetime
    decision: Any = None  # that an appeal is about


def messages_of(scan: Scan) -> list[Message]:
    """Appeals that nobody has answered, then what was said of the models' outcome; newest first."""
    appeals = Appeal.objects.filter(decision__scan=scan, answered_by=None).select_related("person", "decision__decider")
    feedback = Feedback.objects.filter(assessment__scan=scan).select_related("person")
    return [
        *(Message(_("The uploader appeals"), row.text, row.person, row.at, row.decision) for row in appeals),
        *(
            Message(_("The uploader disputes the outcome: %(what)s") % {"what": row}, row.text, row.person, row.at)
            for row in feedback
        ),
    ]
