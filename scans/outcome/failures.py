"""Why a file could not be analysed, in the reader's language. The scan stores the code and an English sentence."""

from django.utils.translation import gettext_lazy as _

from ..models import Scan

SENTENCES = {
    "unreadable": _("This file could not be read."),
    "missing": _("This file does not exist, or is not a file."),
    "empty": _("This file is empty."),
    "unknown_format": _(
        "This is not a picture or video we can read. Send JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF, BMP, "
        "MP4, MOV, WebM, MKV or AVI."
    ),
    "undecodable": _("This file is damaged: its pictures could not be decoded."),
    "truncated": _("This file ends too early. It may not have been copied or uploaded completely."),
    "encrypted": _("This file is encrypted or copy-protected, so its pictures can't be read."),
    "polyglot": _("This file is a picture and something else at the same time, so it is not accepted."),
    "no_picture": _("This file holds no picture: there is only sound, text or nothing in it."),
    "over_limit": _("This file is over one of this site's limits."),
    "too_many_bytes": _("This file is too large."),
    "too_many_pixels": _("This picture has too many pixels. Send a smaller version."),
    "too_many_frames": _("This video has too many frames. Send a shorter part of it."),
    "too_long": _("This video is too long. Send a shorter part of it."),
    "too_much_memory": _("Decoding this file would need too much memory. Send a smaller version."),
    "out_of_time": _("Reading this file took too long and was given up."),
    "unsafe_to_read": _("This file could not be read safely."),
    "gave_up": _("The analysis of this file was interrupted several times, so it was given up."),
}


def sentence(scan: Scan) -> str:
    """What the page and the API say; empty if the scan has not failed."""
    return str(SENTENCES.get(scan.refusal) or scan.failure_message)
