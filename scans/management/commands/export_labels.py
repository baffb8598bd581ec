from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scans.learning import labels


class Command(BaseCommand):
    help = "Export decided files as a data set: real/, fake/, labels.csv and manifest.json. Only files with consent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, help="an empty or new folder")

    def handle(self, **options: Any) -> None:
        out: Path = options["out"]
        if out.exists() and any(out.iterdir()):
            raise CommandError(f"{out} is not empty. Choose another folder: files without consent must not stay in it.")
        rows = labels.export(out)
        fakes = sum(row.label == "fake" for row in rows)
        self.stdout.write(f"{len(rows)} files, {fakes} of them manipulated: {out / 'labels.csv'}")
