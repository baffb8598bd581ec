"""Extract the faces of labelled files for training. An interrupted run is resumed."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from detection.management.cli_errors import command_errors, count
from detection.training import datasets, face_extraction


class Command(BaseCommand):
    help = (
        "Extract faces with landmarks from real/ and fake/ folders, a CSV, FaceForensics++, Celeb-DF or DFDC,"
        " into a folder that the training commands read."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path)
        parser.add_argument("out", type=Path)
        parser.add_argument("--frames", type=count, default=8, help="of each video, evenly spread")
        parser.add_argument("--licence", default="", help="licence of the set, written into every row")

    def handle(self, **options: Any) -> None:
        with command_errors(resumes=True), datasets.items(options["source"]) as files:
            if not files:
                raise CommandError(f"{options['source'].name} holds no files in a known layout.")
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
