"""Files on their way in, shown to a ClamAV daemon if the operator has named one."""

import socket
import struct
from pathlib import Path

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from ..storage.incoming import PIECE, Refused

log = structlog.get_logger(__name__)

PATIENCE = 60  # seconds for each step of the exchange
VERDICT = 150  # seconds for the answer: longer than MaxScanTime of clamd, which is 120 by default


def check(path: Path) -> None:
    """Refuse a file in which a virus was found, and every file while the scanner does not answer."""
    if not settings.CLAMD:
        return
    try:
        answer = _scan(path)
    except OSError as error:
        answer = repr(error)
    if answer.endswith(" FOUND"):
        log.warning("virus found", answer=answer)
        raise Refused("malware", _("The virus scanner of this site reported this file, so it was not stored."))
    if answer != "stream: OK":  # also of a file above the daemon's StreamMaxLength
        log.error("virus scanner gave no verdict", answer=answer)
        raise Refused("scanner_away", _("Files can't be checked for viruses at the moment. Try again later."))


def _scan(path: Path) -> str:
    """The answer to INSTREAM: the file in pieces, each after its length; a length of 0 ends it."""
    with _connect() as connection, path.open("rb") as file:
        connection.settimeout(PATIENCE)
        connection.sendall(b"zINSTREAM\0")
        while piece := file.read(PIECE):
            connection.sendall(struct.pack("!L", len(piece)) + piece)
        connection.sendall(struct.pack("!L", 0))
        connection.settimeout(VERDICT)
        with connection.makefile("rb") as answer:
            return answer.read(4096).rstrip(b"\0\n").decode(errors="replace")


def _connect() -> socket.socket:
    if settings.CLAMD.startswith("/"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        connection.connect(settings.CLAMD)
        return connection
    host, _colon, port = settings.CLAMD.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), PATIENCE)
