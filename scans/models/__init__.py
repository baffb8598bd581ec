"""The rows of the domain, their states and named queries. No HTTP and no Celery in here."""

from .assessment import Artifact, Assessment, Finding, Outcome, Unchangeable
from .batch import Batch
from .caring import DeskSettings, Harm, HarmTag, Rest, SavedFilter
from .change import Change
from .decision import Action, Appeal, CannedReply, Decision, Label, Note, Policy, SecondLook, Told, Undo
from .event import Event
from .feedback import Feedback
from .fingerprint import Fingerprint
from .learning import Known, LockedCase, PanelVersion
from .live import Live, LivePicture
from .queueing import Exposure, FirstAnswer, Item, Reason, ReviewQueue, Rule, Skip, TrustedSource, Why
from .replay import Replay
from .resumable import Resumable
from .scan import BEFORE, Queue, Scan, Source, Status, WrongState
from .sharing import Report, Share
from .webhook import Attempt, Delivery, Endpoint

__all__ = [
    "BEFORE",
    "Action",
    "Appeal",
    "Artifact",
    "Assessment",
    "Attempt",
    "Batch",
    "CannedReply",
    "Change",
    "Decision",
    "Delivery",
    "DeskSettings",
    "Endpoint",
    "Event",
    "Exposure",
    "Feedback",
    "Finding",
    "Fingerprint",
    "FirstAnswer",
    "Harm",
    "HarmTag",
    "Item",
    "Known",
    "Label",
    "Live",
    "LivePicture",
    "LockedCase",
    "Note",
    "Outcome",
    "PanelVersion",
    "Policy",
    "Queue",
    "Reason",
    "Replay",
    "Report",
    "Rest",
    "Resumable",
    "ReviewQueue",
    "Rule",
    "SavedFilter",
    "Scan",
    "SecondLook",
    "Share",
    "Skip",
    "Source",
    "Status",
    "Told",
    "TrustedSource",
    "Unchangeable",
    "Undo",
    "Why",
    "WrongState",
]
