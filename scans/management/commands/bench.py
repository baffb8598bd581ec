import os
import tempfile
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from detection import benchmark
from scans.benchmarks import api, chain, pages, restore, site, workers


class Command(BaseCommand):
    help = (
        "Compare the speed of this pipeline with a simple implementation: same weights, same files, in turns. "
        "Or measure what the site adds, or how long pages with many rows take."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--site", type=Path, metavar="PHOTO", help="send this JPEG to the running workers instead")
        parser.add_argument(
            "--workers", type=Path, metavar="PHOTO", help="start workers and send them this JPEG instead"
        )
        parser.add_argument(
            "--processes", type=int, nargs="+", default=[1, 2, 4], help="with --workers: numbers of workers to compare"
        )
        parser.add_argument(
            "--pages", action="store_true", help="time all pages with many rows, in a separate database"
        )
        parser.add_argument("--scans", type=int, default=100_000, help="with --pages: number of scans")
        parser.add_argument("--api", type=Path, metavar="PHOTO", help="use the REST API of the running site instead")
        parser.add_argument("--chain", action="store_true", help="time the audit chain, in a separate database")
        parser.add_argument("--rows", type=int, default=1_000_000, help="with --chain: number of rows to verify")
        parser.add_argument("--restore", type=int, metavar="SCANS", help="back up and restore so many, on SQLite")
        parser.add_argument("--decoding", action="store_true", help="time only what locked-down decoding adds")
        usual = f"http://localhost:{os.environ.get('PORT') or 8000}"
        parser.add_argument("--address", default=usual, help="with --api: URL of the site")
        parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
        parser.add_argument("--quick", action="store_true", help="fewer files and rounds, to test the command")
        parser.add_argument(
            "--table",
            metavar="PAGE",
            type=Path,
            help="write the table into this page (the detector's, or with --chain)",
        )

    def handle(self, **options: Any) -> None:
        quick = options["quick"]
        if options["site"]:
            try:
                figures: Any = site.measure(options["site"], single=2 if quick else 20, many=4 if quick else 60)
            except site.NoAnswer as error:
                raise CommandError(str(error)) from error
            self._lines(figures)
        elif options["workers"]:
            try:
                figures = workers.measure(
                    options["workers"], options["processes"], 8 if quick else 100, self.stdout.write
                )
            except site.NoAnswer as error:
                raise CommandError(str(error)) from error
        elif options["api"]:
            posts, many = (8, 40) if quick else (200, 2000)
            try:
                figures = api.measure(options["api"], options["address"], posts=posts, reads=posts * 2, mixed=many)
            except api.NoAnswer as error:
                raise CommandError(str(error)) from error
            self._lines(figures)
        elif options["chain"]:
            writers, seconds, rows = (2, 0.5, 500) if quick else (8, 10.0, options["rows"])
            figures = chain.measure(writers=writers, seconds=seconds, rows=rows)
            self._lines(figures)
            if page := options["table"]:
                page.write_text(benchmark.written(page.read_text(), chain.table(figures), chain.mark()))
        elif options["restore"]:
            try:
                figures = restore.measure(options["restore"])
            except restore.NotEqual as error:
                raise CommandError(str(error)) from error
            self._lines(figures)
        elif options["pages"]:
            scans, items, rounds = (500, 60, 1) if quick else (options["scans"], 5_000, 3)
            figures = self._pages(scans, items, rounds, options["table"])
        else:
            figures = self._detector(quick, options["table"], only_decoding=options["decoding"])
        if options["json"]:
            self.stdout.write(benchmark.as_json(figures))

    def _pages(self, scans: int, items: int, rounds: int, page: Path | None) -> Any:
        timings = pages.measure(scans=scans, items=items, rounds=rounds)
        table = pages.table(timings, scans, items)
        self.stdout.write(table)
        if page:
            page.write_text(benchmark.written(page.read_text(), table, "pages"))
        return {f"{timing.name}, {timing.who}": asdict(timing) for timing in timings}

    def _detector(self, quick: bool, page: Path | None, *, only_decoding: bool) -> Any:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            bench = benchmark.Bench(Path(folder), quick=quick, report=self.stdout.write)
            if only_decoding:
                bench.decoding(3 if quick else 100)
                return bench.figures
            figures = bench.run()
        if page:
            page.write_text(benchmark.written(page.read_text(), bench.table()))
        return figures

    def _lines(self, figures: dict[str, Any]) -> None:
        for name, value in figures.items():
            self.stdout.write(f"{name}: {value}")
