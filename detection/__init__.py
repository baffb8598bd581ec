"""The detector: a library without database, web or queue.

Other apps import only these names. They are loaded on first use, because the libraries for pictures and networks take
a second and a hundred megabytes, which a web process does not need.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bundle import read_bundle as read_bundle
    from .errors import BadBundle as BadBundle
    from .errors import DetectionError as DetectionError
    from .file_signatures import recognise_file as recognise_file
    from .finding import Code as Code
    from .finding import Finding as Finding
    from .finding import Outcome as Outcome
    from .fusion import Condition as Condition
    from .fusion import Medium as Medium
    from .inspection import inspect as inspect
    from .limits import Limits as Limits
    from .media import probe as probe
    from .metrics import auc as auc
    from .metrics import auc_interval as auc_interval
    from .metrics import bootstrap as bootstrap
    from .metrics import share_interval as share_interval
    from .model_cards import format_value as format_value
    from .model_cards import trained_on as trained_on
    from .panel import POLICY as POLICY
    from .panel import Panel as Panel
    from .panel import evaluations_of as evaluations_of
    from .panel import read_panel as read_panel
    from .sandbox.pool import Sandbox as Sandbox
    from .splits import part_of as part_of

DOOR = {
    "BadBundle": "errors",
    "Code": "finding",
    "Condition": "fusion",
    "DetectionError": "errors",
    "Finding": "finding",
    "Limits": "limits",
    "Medium": "fusion",
    "Outcome": "finding",
    "POLICY": "panel",
    "Panel": "panel",
    "Sandbox": "sandbox.pool",
    "auc": "metrics",
    "auc_interval": "metrics",
    "bootstrap": "metrics",
    "evaluations_of": "panel",
    "format_value": "model_cards",
    "inspect": "inspection",
    "part_of": "splits",
    "probe": "media",
    "read_bundle": "bundle",
    "read_panel": "panel",
    "recognise_file": "file_signatures",
    "share_interval": "metrics",
    "trained_on": "model_cards",
}
__all__ = list(DOOR)


def __getattr__(name: str) -> Any:
    if name not in DOOR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{DOOR[name]}", __name__), name)
