"""What is away for a while: a database is waited for, and a panel that can't be read."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError, connection

Result = TypeVar("Result")
log = structlog.get_logger(__name__)

AWAY = (OperationalError, InterfaceError)
PATIENCE = 60.0  # seconds, beside the time that each try takes
PAUSE = 1.0


class PanelUnreadable(Exception):
    """Whoever runs the site has to mend the panel; until then scans wait in the queue."""


def wait_out(action: Callable[[], Result]) -> Result:
    """Do this, and do it again while the database is away, restarts or is locked. Inside a transaction it can't."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return action()
        except AWAY as error:
            if connection.in_atomic_block or time.monotonic() > deadline:
                raise
            log.warning("the database is away", error=repr(error))
            connection.close()
            time.sleep(PAUSE)
