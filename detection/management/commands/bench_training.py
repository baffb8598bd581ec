from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from detection.management.cli_errors import count
from detection.training import speed


class Command(BaseCommand):
    help = "Measure the time of a training step with TensorFlow and with PyTorch, in ms per sample."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--networks", nargs="+", default=["mobilenetv2", "efficientnet_lite0"])
        parser.add_argument("--sizes", nargs="+", type=count, default=[160, 224])
        parser.add_argument("--ways", nargs="+", choices=speed.WAYS, default=list(speed.WAYS))
        parser.add_argument("--batch", type=count, default=16)
        parser.add_argument("--steps", type=count, default=6, help="steps to time; the fastest counts")

    def handle(self, **options: Any) -> None:
        self.stdout.write("| network | pixels | way | ms a sample | of processor time |\n|---|---|---|---|---|")
        for network in options["networks"]:
            for size in options["sizes"]:
                for way in options["ways"]:
                    try:
                        each = speed.measure_apart(network, size, way, batch=options["batch"], steps=options["steps"])
                    except RuntimeError as error:
                        raise CommandError(str(error)) from error
                    self.stdout.write(f"| {network} | {size} | {way} | {each.wall} | {each.processor} |")
                    self.stdout.flush()
