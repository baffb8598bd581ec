"""What goes wrong for a person at a terminal is one sentence, and how to go on."""

from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from ..errors import BadBundle
from ..training.datasets import DatasetError
from ..training.evaluation import ScoresMismatch
from ..training.face_dataset import TrainingError


@contextmanager
def command_errors(*, goes_on: bool = False) -> Iterator[None]:
    """`goes_on`: started again, the command goes on where it was."""
    try:
        yield
    except (BadBundle, TrainingError, DatasetError, ScoresMismatch, OSError) as error:
        raise CommandError(str(error)) from error
    except KeyboardInterrupt as error:
        more = " Started again, it goes on where it was." if goes_on else ""
        raise CommandError(f"Stopped.{more}", returncode=130) from error


def count(said: str) -> int:
    """At least one."""
    if not said.isdecimal() or not int(said):
        raise ArgumentTypeError(f"{said!r} is no whole number from 1 on")
    return int(said)


def share(said: str) -> float:
    value = float(said)
    if not 0 < value < 1:
        raise ArgumentTypeError(f"{said} is no share between 0 and 1")
    return value
