from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from detection.management.cli_errors import command_errors
from detection.training import export


class Command(BaseCommand):
    help = "Add evaluations and known failures to the card of a bundle. Weights and thresholds stay."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bundle", type=Path, help="the bundle's folder")
        parser.add_argument("--figures", type=Path, nargs="*", default=[], help="stored evaluations for the card")
        parser.add_argument("--failure", action="append", default=[], help="a known failure; replaces the earlier ones")

    def handle(self, **options: Any) -> None:
        with command_errors():
            bundle = export.update_card(options["bundle"], options["figures"], options["failure"])
        self.stdout.write(f"The card of {bundle.label} has {len(bundle.card['figures'])} figures.")
