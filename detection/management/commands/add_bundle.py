from argparse import ArgumentParser
from dataclasses import fields
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from detection.bundle_import import Description, add
from detection.errors import BadBundle
from detection.scalings import SCALINGS


class Command(BaseCommand):
    help = "Add a model as a bundle: .keras, .h5, ONNX or a SavedModel. It is tested on a real photo first."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", type=Path, help="the file, or the SavedModel's folder")
        parser.add_argument("--name", required=True, help="lower-case letters, digits, hyphens")
        parser.add_argument("--release", default="1", help="the bundle's version (default: 1)")
        parser.add_argument("--kind", choices=["image", "video"], default="image")
        parser.add_argument("--looks-at", choices=["face", "whole"], default="face")
        parser.add_argument("--scaling", choices=list(SCALINGS), default="0..1", help="range of the input pixels")
        parser.add_argument("--colours", choices=["rgb", "bgr"], default="rgb")
        parser.add_argument("--size", type=int, default=0, help="side of the picture, if the graph has none")
        parser.add_argument("--margin", type=float, default=0.3, help="around a face, as a share of its side")
        parser.add_argument("--frames", type=int, default=0, help="of a video network, if the graph has no number")
        parser.add_argument("--fake-is", type=int, choices=[0, 1], default=1, help="the value or class that means fake")
        parser.add_argument("--output", choices=["probability", "logit"], default="", help="if it can't be detected")
        parser.add_argument("--cut", type=float, help="threshold on the model's own output")
        parser.add_argument("--embedder", type=Path, help="the network that embeds frames")
        parser.add_argument("--licence", default="unknown")
        parser.add_argument("--trained-on", default="unknown")
        parser.add_argument("--replace", action="store_true", help="replace a bundle of that name")
        parser.add_argument("--bundles", type=Path, default=Path(settings.BUNDLES_DIR))

    def handle(self, **options: Any) -> None:
        values = {field.name: options[field.name] for field in fields(Description) if field.name in options}
        description = Description(**{**values, "version": options["release"]})
        try:
            added = add(
                options["model"],
                options["bundles"],
                description,
                embedder=options["embedder"],
                replace=options["replace"],
            )
        except BadBundle as error:
            raise CommandError(f"{error}\n{error.detail}".strip()) from error
        self.stdout.write(f"Added {added.bundle.label}, run by {added.runtime}.")
        self.stdout.write(f"On a real photo and variants of it: {', '.join(f'{s:.3f}' for s in added.scores)}")
        for note in added.notes:
            self.stdout.write(self.style.WARNING(note))
        self.stdout.write("It is uncalibrated: pages will not show its score as a percentage.")
