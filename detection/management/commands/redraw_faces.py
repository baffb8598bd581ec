from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from detection.management.cli_errors import command_errors
from detection.training import redrawing
from detection.training.face_dataset import read_faces


class Command(BaseCommand):
    help = "Redraw real faces with a generator, as material for fakes. An interrupted run is resumed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, help="folder for the pictures, for --redrawn")
        parser.add_argument("--faces", type=Path, required=True, help="folder with faces.csv")
        parser.add_argument(
            "--generator", type=Path, required=True, help="an ncnn network that enlarges by four: its .param file"
        )
        parser.add_argument("--count", type=int, help="number of faces, always the same ones (default: all)")

    def handle(self, **options: Any) -> None:
        with command_errors():
            real = [face for face in read_faces(options["faces"]) if not face.manipulation]
        faces = redrawing.select_faces(real, options["count"])
        try:
            with tqdm(total=len(faces), unit="face") as bar:
                generator = redrawing.Generator(options["generator"])
                redrawing.redraw(faces, generator, options["out"], lambda done: bar.update(done - bar.n))
        except ImportError as error:
            raise CommandError("This needs ncnn: pip install ncnn.") from error
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{generator.name} has redrawn {len(faces)} faces.")
