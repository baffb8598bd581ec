from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from detection.management.cli_errors import command_errors, count
from detection.training import mesh_fitting
from detection.training.face_dataset import read_faces


class Command(BaseCommand):
    help = "Fit a mesh of 468 points to each real face, for fakes that are drawn triangle by triangle."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, help="the folder for meshes.npz; use it as --redrawn later")
        parser.add_argument("--faces", type=Path, nargs="+", required=True, help="folders with faces.csv")
        parser.add_argument(
            "--landmarker", type=Path, required=True,
            help="MediaPipe's face_landmark.tflite (Apache-2.0), from the wheel of mediapipe 0.10.14",
        )  # fmt: skip
        parser.add_argument("--count", type=count, help="only the first N faces (default: all)")

    def handle(self, **options: Any) -> None:
        with command_errors():
            faces = [face for face in read_faces(options["faces"]) if not face.manipulation][: options["count"]]
            landmarker = mesh_fitting.Landmarker(options["landmarker"])
            with tqdm(total=len(faces), unit="face") as bar:
                fitted = mesh_fitting.fit_all(
                    faces, landmarker, options["out"], lambda done: bar.update(done - bar.n)
                )  # fmt: skip
        self.stdout.write(f"{fitted} of {len(faces)} faces have a mesh, in {options['out']}.")
