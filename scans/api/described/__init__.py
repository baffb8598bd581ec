"""The fields of responses, for the documentation. `shapes` builds the responses; tests compare them with this."""

from .hooks import DeliveryOf, EndpointOf, EndpointWithSecret
from .people import Appeal, Decision, FeedbackOf, QueueItem, QueueOf, ReportOf
from .problems import Problem
from .running import BatchOf, ChangePage, EventOf
from .scans import ArtifactOf, Assessment, Face, Frame, Scan
from .site import Bundle, Capabilities, Me, PolicyOf, Usage

__all__ = [
    "Appeal",
    "ArtifactOf",
    "Assessment",
    "BatchOf",
    "Bundle",
    "Capabilities",
    "ChangePage",
    "Decision",
    "DeliveryOf",
    "EndpointOf",
    "EndpointWithSecret",
    "EventOf",
    "Face",
    "FeedbackOf",
    "Frame",
    "Me",
    "PolicyOf",
    "Problem",
    "QueueItem",
    "QueueOf",
    "ReportOf",
    "Scan",
    "Usage",
]
