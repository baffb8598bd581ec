"""Responses as JSON, described and made in one place. Integrators build on these fields: none is renamed or removed."""

from .assessments import ARTIFACT_SALT, ArtifactOf, Assessment, Face, Frame
from .batches import BatchOf, ChangePage, EventOf, batches, changes
from .problems import Problem
from .review import Appeal, Decision, FeedbackOf, QueueItem, QueueOf, ReportOf
from .scans import Scan, scan, scans
from .site import Bundle, Capabilities, Me, PolicyOf, Usage
from .webhooks import DeliveryOf, EndpointOf, EndpointWithSecret

__all__ = [
    "ARTIFACT_SALT",
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
    "batches",
    "changes",
    "scan",
    "scans",
]
