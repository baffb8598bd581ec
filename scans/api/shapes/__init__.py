"""Rows as JSON: the names and shapes that integrators build on. What is added is added; nothing is renamed."""

from .hooks import delivery, endpoint
from .people import appeal, decision, feedback, item, policy, queue
from .scans import MIME, artifact, assessment, batch, batches, face, frame, scan, scans
from .site import changes, event, report

__all__ = [
    "MIME",
    "appeal",
    "artifact",
    "assessment",
    "batch",
    "batches",
    "changes",
    "decision",
    "delivery",
    "endpoint",
    "event",
    "face",
    "feedback",
    "frame",
    "item",
    "policy",
    "queue",
    "report",
    "scan",
    "scans",
]
