"""The rows of the domain, their states and named queries. No HTTP and no Celery in here."""

from .assessment import Artifact, Assessment, Finding, Outcome, Unchangeable
from .batch import Batch
from .caring import DeskSettings, Harm, HarmTag, Rest, SavedFilter
from .chain import Anchor, ChainCheck, ChainHead, SigningKey
from .change import Change
from .decision import Action, Appeal, CannedReply, Decision, DecisionNotice, Label, Note, Policy, SecondLook, Undo
from .event import Event
from .feedback import Feedback
from .fingerprint import Fingerprint
from .hold import LegalHold
from .learning import KnownFile, LockedCase, PanelVersion
from .library import Case, CaseLink, SavedSearch, Tag
from .live import Live, LivePicture
from .notification import MailPreferences, Notification, notify, wants_mail
from .purge import PurgeRun
from .queueing import Exposure, FirstAnswer, ReviewItem, ReviewQueue, ReviewReason, Rule, Skip, TrustedSource
from .replay import Replay
from .resumable import Piece, Resumable
from .review_reasons import BEYOND_ASSESSMENT, CONDITIONS, Reason
from .scan import TRANSITIONS, Queue, Scan, Source, Status, WrongState
from .sharing import Report, Share
from .webhook import Attempt, Delivery, Endpoint

__all__ = [
    "BEYOND_ASSESSMENT",
    "CONDITIONS",
    "TRANSITIONS",
    "Action",
    "Anchor",
    "Appeal",
    "Artifact",
    "Assessment",
    "Attempt",
    "Batch",
    "CannedReply",
    "Case",
    "CaseLink",
    "ChainCheck",
    "ChainHead",
    "Change",
    "Decision",
    "DecisionNotice",
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
    "KnownFile",
    "Label",
    "LegalHold",
    "Live",
    "LivePicture",
    "LockedCase",
    "MailPreferences",
    "Note",
    "Notification",
    "Outcome",
    "PanelVersion",
    "Piece",
    "Policy",
    "PurgeRun",
    "Queue",
    "Reason",
    "Replay",
    "Report",
    "Rest",
    "Resumable",
    "ReviewItem",
    "ReviewQueue",
    "ReviewReason",
    "Rule",
    "SavedFilter",
    "SavedSearch",
    "Scan",
    "SecondLook",
    "Share",
    "SigningKey",
    "Skip",
    "Source",
    "Status",
    "Tag",
    "TrustedSource",
    "Unchangeable",
    "Undo",
    "WrongState",
    "notify",
    "wants_mail",
]
