import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from detection.management.cli_errors import command_errors
from detection.training import comparison, evaluation


class Command(BaseCommand):
    help = "Compare two evaluations of the same files: is the second better by more than chance?"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("first", type=Path)
        parser.add_argument("second", type=Path)

    def handle(self, **options: Any) -> None:
        with command_errors():
            difference = comparison.compare(*(evaluation.read(options[name]) for name in ("first", "second")))
        self.stdout.write(json.dumps(difference))
