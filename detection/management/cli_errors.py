"""Errors of commands become one sentence that says what to do."""

from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from ..errors import BadBundle
from ..training.datasets import DatasetError
from ..training.evaluation import ScoresMismatch
from ..training.face_dataset import TrainingError


@contextmanager
def command_errors(*, resumes: bool = False) -> Iterator[None]:
    """`resumes`: the command continues where it stopped when it is run again."""
    try:
        yield
    except (BadBundle, TrainingError, DatasetError, ScoresMismatch, OSError) as error:
        raise CommandError(str(error)) from error
    except KeyboardInterrupt as error:
        more = " Run the command again to resume." if resumes else ""
        raise CommandError(f"Stopped.{more}", returncode=130) from error


def count(text: str) -> int:
    """Parse a whole number of 1 or more."""
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise ArgumentTypeError(f"{text} is not a share between 0 and 1")
    return value
