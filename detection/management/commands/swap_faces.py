from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.core.management.base import BaseCommand
from tqdm import tqdm

from detection.management.cli_errors import command_errors, count
from detection.training import face_swapper
from detection.training.face_dataset import read_parts


class Command(BaseCommand):
    help = "Train a face swapper on real faces and store its pictures, as material for fakes. It can be resumed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, help="folder for the swapper and the squares; give it as --redrawn later")
        parser.add_argument("--faces", type=Path, nargs="+", required=True, help="folders with faces.csv")
        parser.add_argument("--steps", type=count, default=5000, help="of the encoder that all people share")
        parser.add_argument("--people", type=count, default=36, help="how many people get a decoder of their own")
        parser.add_argument("--steps-each", type=count, default=120, help="of each of these decoders")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, **options: Any) -> None:
        cv2.setNumThreads(1)
        with command_errors(resumes=True):
            out = options["out"]
            out.mkdir(parents=True, exist_ok=True)
            parts = read_parts(options["faces"], ("train", "validation", "calibration"), out)
            faces = [face for part in parts.values() for face in part if not face.manipulation]
            swapper = face_swapper.Swapper(options["seed"])
            if not swapper.read(out):
                with tqdm(total=options["steps"], desc="encoder") as bar:

                    def show(step: int, loss: float) -> None:
                        bar.update()
                        bar.set_postfix(loss=f"{loss:.4f}", refresh=False)

                    small = [face_swapper.as_face(face) for face in faces]
                    swapper.learn(small, options["steps"], np.random.default_rng(options["seed"]), show)
                swapper.write(out)
            with tqdm(total=len(faces), unit="face") as bar:
                for done in face_swapper.swap_all(
                    faces, swapper, out, people=options["people"], steps=options["steps_each"], seed=options["seed"]
                ):
                    bar.update(done - bar.n)
        self.stdout.write(f"{len(faces)} faces swapped, in {out}.")
