"""The detector: a library without database, web or queue.

Other apps import only these names. They are loaded on first use, because the libraries for pictures and networks take
a second and a hundred megabytes, which a web process does not need.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import DetectionError as DetectionError
    from .file_signatures import recognise_file as recognise_file
    from .finding import Code as Code
    from .finding import Finding as Finding
    from .finding import Outcome as Outcome
    from .fusion import Medium as Medium
    from .inspection import inspect as inspect
    from .limits import Limits as Limits
    from .media import probe as probe
    from .panel import Panel as Panel
    from .panel import evaluations_of as evaluations_of
    from .panel import read_panel as read_panel
    from .splits import part_of as part_of

DOOR = {
    "Code": "finding",
    "DetectionError": "errors",
    "Finding": "finding",
    "Limits": "limits",
    "Medium": "fusion",
    "Outcome": "finding",
    "Panel": "panel",
    "evaluations_of": "panel",
    "inspect": "inspection",
    "part_of": "splits",
    "probe": "media",
    "read_panel": "panel",
    "recognise_file": "file_signatures",
}
__all__ = list(DOOR)


def __getattr__(name: str) -> Any:
    if name not in DOOR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{DOOR[name]}", __name__), name)
