from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from detection.management.cli_errors import command_errors
from detection.training import decoders
from detection.training.face_dataset import read_parts


class Command(BaseCommand):
    help = "Train the small auto-encoders that add traces of generators to fakes. It takes minutes on a CPU."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--faces", type=Path, required=True, help="folder with faces.csv")
        parser.add_argument("--steps", type=int, default=1500)
        parser.add_argument("--only", choices=decoders.WAYS, nargs="*", default=decoders.WAYS)
        parser.add_argument("--out", type=Path, default=decoders.FOLDER)

    def handle(self, **options: Any) -> None:
        with command_errors():
            faces = read_parts(options["faces"], ["train"])["train"]
        options["out"].mkdir(parents=True, exist_ok=True)
        for way in options["only"]:
            with tqdm(total=options["steps"], desc=way) as bar:

                def show_progress(step: int, loss: float, bar: Any = bar) -> None:
                    bar.update()
                    bar.set_postfix(loss=f"{loss:.4f}", refresh=False)

                decoders.train(
                    way, faces, options["out"] / f"{way}.onnx", steps=options["steps"], progress=show_progress
                )
