"""The rows of the domain, their states and named queries. No HTTP and no Celery in here."""

from .assessment import Artifact, Assessment, Finding, Outcome, Unchangeable
from .batch import Batch
from .event import Event
from .feedback import Feedback
from .fingerprint import Fingerprint
from .live import Live, LivePicture
from .resumable import Resumable
from .scan import BEFORE, Queue, Scan, Source, Status, WrongState
from .sharing import Report, Share

__all__ = [
    "BEFORE",
    "Artifact",
    "Assessment",
    "Batch",
    "Event",
    "Feedback",
    "Finding",
    "Fingerprint",
    "Live",
    "LivePicture",
    "Outcome",
    "Queue",
    "Report",
    "Resumable",
    "Scan",
    "Share",
    "Source",
    "Status",
    "Unchangeable",
    "WrongState",
]
