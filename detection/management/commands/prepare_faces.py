"""Cut the faces out of files with known answers, for training. Started again, it goes on where it was."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from detection.management.cli_errors import command_errors, count
from detection.training import datasets, face_extraction


class Command(BaseCommand):
    help = (
        "Cut faces with landmarks out of real/ and fake/ folders, a CSV, FaceForensics++, Celeb-DF or DFDC,"
        " into a folder that the training commands read."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path)
        parser.add_argument("out", type=Path)
        parser.add_argument("--frames", type=count, default=8, help="of each video, evenly spread")
        parser.add_argument("--licence", default="", help="under which the set may be used; noted in every row")

    def handle(self, **options: Any) -> None:
        with command_errors(goes_on=True), datasets.items(options["source"]) as files:
            if not files:
                raise CommandError(f"{options['source'].name} holds no files in a layout that is known.")
            with tqdm(total=len(files), unit="file") as bar:
                counts = face_extraction.prepare(
                    files,
                    options["out"],
                    source=options["source"].name,
                    licence=options["licence"],
                    frames=options["frames"],
                    progress=lambda done: bar.update(done - bar.n),
                )
        for what, times in counts.items():
            self.stdout.write(f"{what}: {times}")
