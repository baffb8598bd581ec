import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from detection import benchmark


class Command(BaseCommand):
    help = "Time this pipeline beside the way small applications do it: same weights, same files, by turns."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")
        parser.add_argument("--quick", action="store_true", help="small files and few rounds: shows that it works")
        parser.add_argument("--readme", type=Path, help="write the table between the marks of this file")

    def handle(self, **options: Any) -> None:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            bench = benchmark.Bench(Path(folder), quick=options["quick"], said=self.stdout.write)
            figures = bench.run()
        if options["readme"]:
            readme = options["readme"]
            readme.write_text(benchmark.written(readme.read_text(), bench.table()))
        if options["json"]:
            self.stdout.write(benchmark.as_json(figures))
