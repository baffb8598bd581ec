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


def count(text: str) -> int:
    """At least one."""
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise ArgumentTypeError(f"{text} is no share between 0 and 1")
    return value
