from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

import cv2
from django.core.management.base import BaseCommand
from tqdm import tqdm

from detection.management.cli_errors import command_errors, count
from detection.training import face_swapper, mouth
from detection.training.face_dataset import read_parts


class Command(BaseCommand):
    help = "Train the small network that redraws mouths for the kind mouth_rendered, on real faces."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--faces", type=Path, nargs="+", required=True, help="folders with faces.csv")
        parser.add_argument("--redrawn", type=Path, help="what fit_meshes has written (default: an average mesh)")
        parser.add_argument("--steps", type=count, default=800)
        parser.add_argument("--out", type=Path, default=mouth.PATH, help="the ONNX file to write")

    def handle(self, **options: Any) -> None:
        cv2.setNumThreads(1)
        with command_errors():
            faces = read_parts(options["faces"], ["train"], options["redrawn"])["train"]
            real = [partial(face_swapper.as_face, face, mouth.EYES) for face in faces if not face.manipulation]
            with tqdm(total=options["steps"]) as bar:

                def show(step: int, loss: float) -> None:
                    bar.update()
                    bar.set_postfix(loss=f"{loss:.4f}", refresh=False)

                mouth.train(real, options["out"], steps=options["steps"], progress=show)
        self.stdout.write(f"Wrote {options['out']}.")
