import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from detection import cli


class Command(BaseCommand):
    help = "Analyse pictures and videos with the installed bundles. Exit code 2 if a file was rejected."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        cli.add_arguments(parser, Path(settings.BUNDLES_DIR))

    def handle(self, **options: Any) -> None:
        if status := cli.run(options):
            sys.exit(status)
