"""Average the weights of several trainings, of which one continued the other."""

import json
from pathlib import Path

from ..errors import BadBundle
from . import image
from .image import Plan
from .provenance_log import EMA_WEIGHTS, ema_weights

PARTS = "mean.json"  # the averaged trainings and their shares


def average(parts: dict[Path, float], folder: Path) -> None:
    """Write a folder like that of a training, with the plan of the last part. Shares are normalised.

    It can be exported, and another training can begin at its `mean.keras`.
    """
    plans = [Plan.read(run / "plan.json") for run in parts]
    if len({(plan.name, plan.network, plan.width) for plan in plans}) > 1:
        raise BadBundle("These trainings are of different networks.")
    if min(parts.values()) <= 0:
        raise BadBundle("Every share has to be above 0.")
    whole = sum(parts.values())
    net, mixed = image.build(plans[-1]), None
    for run, share in parts.items():
        net.load_weights(ema_weights(run))
        part = [weights * (share / whole) for weights in net.get_weights()]
        mixed = part if mixed is None else [total + added for total, added in zip(mixed, part, strict=True)]
    net.set_weights(mixed)
    folder.mkdir(parents=True)
    net.save_weights(folder / EMA_WEIGHTS)
    net.save(folder / "mean.keras")
    plans[-1].write(folder / "plan.json")
    (folder / "step.txt").write_text("0")  # steps of its own
    shares = {str(run.resolve()): round(share / whole, 4) for run, share in parts.items()}
    (folder / PARTS).write_text(json.dumps(shares, indent=2) + "\n")


def parts_of(run: Path) -> dict[str, float]:
    """The averaged trainings and their shares. Empty for a training that is not an average."""
    path = run / PARTS
    return json.loads(path.read_text()) if path.is_file() else {}
