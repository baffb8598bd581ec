"""Responses as JSON, described and made in one place. Integrators build on these fields: none is renamed or removed."""

from .assessments import ARTIFACT_SALT, ArtifactOf, Assessment, Face, Frame
from .batches import BatchOf, ChangePage, EventOf, batches, changes
from .library import EXAMPLE_SCAN, CaseLinkOf, CaseOf, TagOf
from .problems import Problem
from .review import Appeal, Decision, FeedbackOf, QueueItem, QueueOf, ReportOf
from .scans import Scan, scan, scans
from .site import Bundle, Capabilities, Me, PolicyOf, Usage
from .webhooks import DeliveryOf, EndpointOf, EndpointWithSecret

__all__ = [
    "ARTIFACT_SALT",
    "EXAMPLE_SCAN",
    "Appeal",
    "ArtifactOf",
    "Assessment",
    "BatchOf",
    "Bundle",
    "Capabilities",
    "CaseLinkOf",
    "CaseOf",
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
    "TagOf",
    "Usage",
    "batches",
    "changes",
    "scan",
    "scans",
]
