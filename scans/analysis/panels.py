"""The panel in force: its bundles, cut-offs and cards, and what was measured of it."""

from typing import Any

from django.conf import settings

import detection

from ..models import PanelVersion
from .outages import PanelUnreadable


def panel() -> detection.Panel:
    try:
        return with_own_cuts(detection.read_panel(settings.BUNDLES_DIR))
    except detection.DetectionError as error:
        raise PanelUnreadable(str(error)) from error


def with_own_cuts(read: detection.Panel) -> detection.Panel:
    """The panel as the folder has it, with the cuts that two people of this site have agreed on, if they have."""
    own = PanelVersion.current()
    if own is None:
        return read
    cuts = {"little_below": own.little_below, "manipulated_above": own.manipulated_above}
    return read.with_policy({**read.policy, "cuts": cuts})


def cards() -> list[dict[str, Any]]:
    """What the installed bundles' cards say, with the word that each has in the panel."""
    return [
        {
            **bundle.card,
            "label": bundle.label,
            "weight": weight.value,
            "calibrated": bundle.calibration.fitted and bundle.calibration.holds,
        }
        for bundle, weight in panel().members
    ]


def media() -> list[dict[str, Any]]:
    """Which bundles the panel hears in photos and in films, and which it does not hear there."""
    current = panel()
    usable = [bundle.label for bundle, weight in current.members if weight != "ignore"]
    heard = {medium: [bundle.label for bundle, _ in current.heard_in(medium)] for medium in detection.Medium}
    return [
        {
            "medium": medium.value,
            "bundles": labels,
            "not_heard": [label for label in usable if label not in labels],
            "weights": current.fusion[medium].weights if medium in current.fusion else {},
        }
        for medium, labels in heard.items()
    ]


def cuts_in_force() -> tuple[Any, Any]:
    """For photos, and for videos."""
    current = panel()
    return current.cuts_in(detection.Medium.PHOTO), current.cuts_in(detection.Medium.FILM)


def measured() -> dict[str, Any]:
    """As a card has it, what was measured of all bundles together, under the cuts that are in force."""
    told = detection.evaluations_of(panel(), settings.BUNDLES_DIR)
    return {"label": "panel", "figures": [{**one, "data": one.get("source", "")} for one in told]}


def is_whole(panel: detection.Panel) -> bool:
    """Reads all weights: they may have been damaged since they were loaded."""
    return bool(panel.active) and not panel.faults()
