"""The rows of the domain, their states and named queries. No HTTP and no Celery in here."""

from .assessment import Artifact, Assessment, Finding, Outcome, Unchangeable
from .event import Event
from .scan import BEFORE, Queue, Scan, Status, WrongState

__all__ = [
    "BEFORE",
    "Artifact",
    "Assessment",
    "Event",
    "Finding",
    "Outcome",
    "Queue",
    "Scan",
    "Status",
    "Unchangeable",
    "WrongState",
]
