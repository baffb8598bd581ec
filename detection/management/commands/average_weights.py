from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from detection.errors import BadBundle
from detection.training import weight_averaging


def _part(text: str) -> tuple[Path, float]:
    run, _, share = text.rpartition("=")
    try:
        return Path(run or share), float(share) if run else 1.0
    except ValueError as error:
        raise ArgumentTypeError("Write a folder, or a folder and its share: runs/one=0.4") from error


class Command(BaseCommand):
    help = "Average the weights of trainings that continued each other. The result can be exported or trained."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="a new folder; --init FOLDER/mean.keras trains it further")
        parser.add_argument("parts", type=_part, nargs="+", help="folders of trainings, each with its share: one=0.4")

    def handle(self, **options: Any) -> None:
        folder, parts = options["folder"], dict(options["parts"])
        if folder.exists():
            raise CommandError(f"{folder} already exists.")
        try:
            weight_averaging.average(parts, folder)
        except BadBundle as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"Not a training's folder: {error}") from error
        self.stdout.write(f"Wrote {folder}, the average of {len(parts)} trainings.")
