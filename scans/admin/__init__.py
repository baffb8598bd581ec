"""The desk, in Django's admin. Pages here call the verbs of `scans.review` and change nothing by themselves."""

from . import desk, lists, panels, records, retention, setup, webhooks

__all__ = ["desk", "lists", "panels", "records", "retention", "setup", "webhooks"]
