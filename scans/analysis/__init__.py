"""The only caller of the detector: from a queued scan to its assessment, and back from workers that died."""

from .decoding import decoder_sandbox
from .files import local_file, recognise
from .live_analysis import estimate
from .panels import (
    as_agreed,
    cards,
    cuts_in_force,
    in_folder_and_in_force,
    is_whole,
    measured,
    media,
    panel,
    panel_under,
)
from .recording import record
from .runs import Cancelled, analyse, complete, fail, reassess

__all__ = [
    "Cancelled",
    "analyse",
    "as_agreed",
    "cards",
    "complete",
    "cuts_in_force",
    "decoder_sandbox",
    "estimate",
    "fail",
    "in_folder_and_in_force",
    "is_whole",
    "local_file",
    "measured",
    "media",
    "panel",
    "panel_under",
    "reassess",
    "recognise",
    "record",
]
