from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from detection.management.cli_errors import command_errors, count
from detection.training import reconstructions
from detection.training.face_dataset import read_faces
from detection.training.tiny_autoencoder import TinyAutoencoder


class Command(BaseCommand):
    help = "Reconstruct real faces with a diffusion model's auto-encoder, as material for fakes. It can be resumed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, help="where the pictures are kept, for --redrawn")
        parser.add_argument("--faces", type=Path, required=True, help="folder with faces.csv")
        parser.add_argument(
            "--autoencoder", type=Path, required=True, help="folder with taef2_encoder and taef2_decoder.safetensors"
        )
        parser.add_argument("--count", type=count, help="only so many faces, the same ones every time")
        parser.add_argument("--threads", type=count, default=1)
        parser.add_argument("--fidelity", action="store_true", help="only print how close 20 faces come (dB)")

    def handle(self, **options: Any) -> None:
        with command_errors():
            real = [face for face in read_faces(options["faces"]) if not face.manipulation]
            autoencoder = TinyAutoencoder(options["autoencoder"], options["threads"])
        if options["fidelity"]:
            pictures = [face.pixels() for face in reconstructions.select_faces(real, 20)]
            self.stdout.write(_fidelity(pictures, autoencoder))
            return
        faces = reconstructions.select_faces(real, options["count"])
        try:
            with tqdm(total=len(faces), unit="face") as bar:
                reconstructions.reconstruct(faces, autoencoder, options["out"], lambda done: bar.update(done - bar.n))
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{len(faces)} faces drawn by {autoencoder.name}.")


def _fidelity(pictures: list[Any], autoencoder: TinyAutoencoder) -> str:
    decibels = []
    for pixels in pictures:
        drawn = autoencoder.decode(autoencoder.encode(pixels), pixels.shape[:2])
        error = float(np.square(pixels.astype(np.float32) - drawn).mean())
        decibels.append(10 * np.log10(255**2 / error))
    return f"Peak signal-to-noise ratio of {len(decibels)} faces: mean {np.mean(decibels):.1f} dB, " + (
        f"{min(decibels):.1f} to {max(decibels):.1f} dB."
    )
