"""The only caller of the detector: from a queued scan to its assessment, and back from workers that died."""

from .files import local_file, recognise
from .live_analysis import estimate
from .panels import cards, cuts_in_force, is_whole, measured, media, panel, with_own_cuts
from .recording import record
from .runs import Cancelled, analyse, complete, fail, reassess

__all__ = [
    "Cancelled",
    "analyse",
    "cards",
    "complete",
    "cuts_in_force",
    "estimate",
    "fail",
    "is_whole",
    "local_file",
    "measured",
    "media",
    "panel",
    "reassess",
    "recognise",
    "record",
    "with_own_cuts",
]
