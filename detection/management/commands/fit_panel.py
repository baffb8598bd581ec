import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from detection import panel as panels
from detection.fusion import Condition
from detection.management.cli_errors import command_errors, share
from detection.training import evaluation, panel_fitting


class Command(BaseCommand):
    help = (
        "Choose which bundles are used for photos and for videos, their weights and the cut-offs, from the scores of "
        "labelled files (`evaluate --every-bundle --scores`)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scores", type=Path, nargs="+", help="CSVs of scores")
        parser.add_argument("--false-alarms", type=share, default=0.02, help="share of real files above the cut-offs")
        parser.add_argument(
            "--own-false-alarms", type=share, metavar="SHARE",
            help="the limit for the files in SCORES, where enough real files from OTHERS hold the other one",
        )  # fmt: skip
        parser.add_argument("--missed", type=share, default=0.2, help="share of fakes below the cut-offs")
        parser.add_argument(
            "--inconclusive", type=share, default=0.2,
            help="share of real files between the cut-offs; the lower one is raised for it, to 0.5 at most",
        )  # fmt: skip
        parser.add_argument(
            "--others", type=Path, nargs="+", default=[],
            help="CSVs of scores of files from other sources; their real files get the same limit of false alarms",
        )  # fmt: skip
        parser.add_argument(
            "--probability", nargs="+", choices=[condition.value for condition in Condition], default=[],
            help="conditions for which the score is a probability on files from other sources, too",
        )  # fmt: skip
        parser.add_argument(
            "--without", nargs="+", type=_bundle_in, default=[], metavar="CONDITION=BUNDLE",
            help="do not use it there, because it did not detect manipulation in files from other sources",
        )  # fmt: skip
        parser.add_argument(
            "--combining", nargs="+", type=_way_in, default=[], metavar="CONDITION=WAY",
            help="equal-weights, fitted-weights or sum-of-odds, where files from other sources show which is better",
        )  # fmt: skip
        parser.add_argument(
            "--small-faces-below", type=float, metavar="PIXELS",
            help="fit separate weights for faces in photos that are less high",
        )  # fmt: skip
        parser.add_argument("--bundles", type=Path, default=Path(settings.BUNDLES_DIR), help="folder of bundles")
        parser.add_argument("--made-by", nargs="+", default=[], help="commands that made the scores, for the panel")
        parser.add_argument("--write", action="store_true", help="write the result to the panel's policy")

    def handle(self, **options: Any) -> None:
        rates = {name: options[name] for name in ("false_alarms", "own_false_alarms", "missed", "inconclusive")}
        with command_errors():
            panel = panels.read_panel(options["bundles"])
            rows = [row for path in options["scores"] for row in evaluation.read(path)]
            others = [row for path in options["others"] for row in evaluation.read(path)]
            fitted = {
                which.condition.value: panel_fitting.fit_panel(
                    rows,
                    panel,
                    which,
                    **rates,
                    others=others,
                    holds=which.condition.value in options["probability"],
                    way=dict(options["combining"]).get(which.condition, ""),
                    without=[name for where, name in options["without"] if where is which.condition],
                )
                for which in panel_fitting.conditions_of(rows, options["small_faces_below"])
            }
            for condition, rule in fitted.items():
                self.stdout.write(f"{condition}: {json.dumps({**rule.to_dict(), 'measured': dict(rule.measured)})}")
            if options["write"]:
                panels.write_policy(
                    options["bundles"],
                    cuts=None,
                    fusion={
                        **_kept(panel.policy.get("fusion", {}), fitted),
                        **{name: {**rule.to_dict(), "measured": dict(rule.measured)} for name, rule in fitted.items()},
                    },
                    made_by=[*options["made_by"], _command(options)],
                )
                self.stdout.write(f"Written to {options['bundles'] / panels.POLICY}.")


def _kept(fusion: dict[str, Any], fitted: dict[str, Any]) -> dict[str, Any]:
    """The rules that stay: a new one for all faces of photos ends an older one for small faces."""
    dropped = {Condition.SMALL_FACES.value} if Condition.PHOTO.value in fitted else set()
    return {condition: rule for condition, rule in fusion.items() if condition not in dropped}


def _bundle_in(text: str) -> tuple[Condition, str]:
    condition, _, name = text.partition("=")
    return Condition(condition), name


def _way_in(text: str) -> tuple[Condition, str]:
    condition, _, way = text.partition("=")
    return Condition(condition), panel_fitting.WAYS[panel_fitting.WAYS.index(way.replace("-", " "))]


def _command(options: dict[str, Any]) -> str:
    words = ["manage.py fit_panel", *(path.name for path in options["scores"])]
    for name in ("false_alarms", "own_false_alarms", "missed", "inconclusive"):
        if options[name] is not None:
            words.append(f"--{name.replace('_', '-')} {options[name]}")
    if options["others"]:
        words.append(f"--others {' '.join(path.name for path in options['others'])}")
    if options["without"]:
        words.append(f"--without {' '.join(f'{condition}={name}' for condition, name in options['without'])}")
    if options["combining"]:
        ways = (f"{condition}={way.replace(' ', '-')}" for condition, way in options["combining"])
        words.append(f"--combining {' '.join(ways)}")
    if options["small_faces_below"]:
        words.append(f"--small-faces-below {options['small_faces_below']:g}")
    if options["probability"]:
        words.append(f"--probability {' '.join(options['probability'])}")
    return " ".join([*words, "--write"])
