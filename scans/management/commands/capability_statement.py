from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from scans.evidence import published


class Command(BaseCommand):
    help = "Write what the models can and can't do as JSON, from stored measurements and decided files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="where to write it (default: to standard output)")

    def handle(self, **options: Any) -> None:
        text = published.capability_statement()
        if options["file"]:
            options["file"].write_text(text, encoding="utf-8")
        else:
            self.stdout.write(text, ending="")
