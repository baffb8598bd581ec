import datetime as dt
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from scans.evidence import published


def day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text} is not a date like 2026-01-31") from error


class Command(BaseCommand):
    help = "Write the transparency report of a period as JSON. The same rows give the same bytes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from", type=day, required=True, dest="first", metavar="DAY", help="for example 2026-01-01"
        )
        parser.add_argument("--to", type=day, required=True, dest="last", metavar="DAY", help="the last day, included")
        parser.add_argument("file", type=Path, nargs="?", help="where to write it (default: to standard output)")

    def handle(self, **options: Any) -> None:
        first, last = options["first"], options["last"]
        if last < first:
            raise CommandError(f"The period ends on {last}, before it begins on {first}.")
        if last >= timezone.now().astimezone(dt.UTC).date():
            self.stderr.write("The period is not over: the report will change.")
        text = published.transparency_report(first, last)
        if options["file"]:
            options["file"].write_text(text, encoding="utf-8")
        else:
            self.stdout.write(text, ending="")
