"""The rows of the domain, their states and named queries. No HTTP and no Celery in here."""

from .assessment import Artifact, Assessment, Finding, Outcome, Unchangeable
from .batch import Batch
from .decision import Action, Appeal, CannedReply, Decision, Label, Note, Policy, SecondLook, Told, Undo
from .event import Event
from .feedback import Feedback
from .fingerprint import Fingerprint
from .live import Live, LivePicture
from .queueing import Exposure, FirstAnswer, Item, Reason, ReviewQueue, Rule, Skip, Why
from .resumable import Resumable
from .scan import BEFORE, Queue, Scan, Source, Status, WrongState
from .sharing import Report, Share

__all__ = [
    "BEFORE",
    "Action",
    "Appeal",
    "Artifact",
    "Assessment",
    "Batch",
    "CannedReply",
    "Decision",
    "Event",
    "Exposure",
    "Feedback",
    "Finding",
    "Fingerprint",
    "FirstAnswer",
    "Item",
    "Label",
    "Live",
    "LivePicture",
    "Note",
    "Outcome",
    "Policy",
    "Queue",
    "Reason",
    "Report",
    "Resumable",
    "ReviewQueue",
    "Rule",
    "Scan",
    "SecondLook",
    "Share",
    "Skip",
    "Source",
    "Status",
    "Told",
    "Unchangeable",
    "Undo",
    "Why",
    "WrongState",
]
