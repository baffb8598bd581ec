"""The panel in force: its bundles, cut-offs and cards, and what was measured of it."""

import copy
from typing import Any

from django.conf import settings

import detection

from ..models import PanelVersion
from .outages import PanelUnreadable


def panel() -> detection.Panel:
    try:
        return as_agreed(detection.read_panel(settings.BUNDLES_DIR))
    except detection.DetectionError as error:
        raise PanelUnreadable(str(error)) from error


def as_agreed(read: detection.Panel) -> detection.Panel:
    """The installed panel with this site's own version, if two people have approved one."""
    own = PanelVersion.current()
    return read if own is None else read.with_policy(agreed_policy(read.policy, own))


def panel_under(version: PanelVersion) -> detection.Panel:
    """The panel as it would be if this version were in force."""
    read = detection.read_panel(settings.BUNDLES_DIR)
    return read.with_policy(agreed_policy(read.policy, version))


def agreed_policy(policy: dict[str, Any], own: PanelVersion) -> dict[str, Any]:
    agreed = copy.deepcopy(policy)
    agreed["bundles"] = {**agreed.get("bundles", {}), **own.changes.get("bundles", {})}
    for medium, change in own.changes.get("media", {}).items():
        rule = (agreed.get("fusion") or {}).get(medium)
        if rule is None:  # the folder has another panel by now
            continue
        if cuts := change.get("cuts"):
            rule["cuts"] = {"little_below": cuts[0], "manipulated_above": cuts[1]}
        if weights := change.get("weights"):
            rule["weights"] = {**rule["weights"], **weights}
            rule["holds"] = False  # it was measured with the other weights
    if own.little_below is not None:
        agreed["cuts"] = {"little_below": own.little_below, "manipulated_above": own.manipulated_above}
    return agreed


def cards() -> list[dict[str, Any]]:
    """The cards of the installed bundles, each with its weight in the panel."""
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
    """Which bundles the panel uses for photos and for films, and which it leaves out."""
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


def in_folder_and_in_force() -> dict[str, Any]:
    """For those who change it: each model and medium as it counts now and as the folder has it."""
    try:
        read = detection.read_panel(settings.BUNDLES_DIR)
    except detection.DetectionError as error:
        raise PanelUnreadable(str(error)) from error
    now, own = as_agreed(read), PanelVersion.current()
    in_folder = {bundle.label: weight.value for bundle, weight in read.members}
    fused = {medium: rule for medium, rule in now.fusion.items() if not now.cuts}
    bundles = [
        {
            "label": bundle.label,
            "name": bundle.name,
            "version": bundle.version,
            "kind": bundle.kind,
            "weight": weight.value,
            "weight_in_folder": in_folder[bundle.label],
            "weights": {medium.value: rule.weights.get(bundle.label) for medium, rule in fused.items()},
            "calibrated": bundle.calibration.fitted and bundle.calibration.holds,
        }
        for bundle, weight in now.members
    ]
    if fused:
        media = [_medium(medium.value, read, now, own, rule) for medium, rule in fused.items()]
    else:
        media = [_medium("all", read, now, own, None)] if bundles else []
    return {"bundles": bundles, "media": media, "broken": now.to_dict()["broken"]}


def _medium(
    name: str, read: detection.Panel, now: detection.Panel, own: PanelVersion | None, rule: Any
) -> dict[str, Any]:
    medium = detection.Medium.PHOTO if rule is None else detection.Medium(name)
    cuts = now.cuts_in(medium)
    folder, file = read.decide_cuts(medium)
    measured = rule.measured if rule else {}
    return {
        "medium": name,
        "for_all": rule is None,
        "low": cuts.little_below,
        "high": cuts.manipulated_above,
        "cuts_in_folder": (folder.little_below, folder.manipulated_above),
        "cuts_file": "" if own and own.sets_cuts_in(name) else file,  # empty: two people here have agreed on them
        "weights_in_folder": {} if rule is None else dict(read.fusion[medium].weights),
        "measured": measured,
        "measured_each": measured.get("bundles") or {},
    }


def cuts_in_force() -> tuple[Any, Any]:
    """For photos, and for videos."""
    current = panel()
    return current.cuts_in(detection.Medium.PHOTO), current.cuts_in(detection.Medium.FILM)


def measured() -> dict[str, Any]:
    """The evaluations of the whole panel under the cut-offs in force, in the shape of a model card."""
    evaluations = detection.evaluations_of(panel(), settings.BUNDLES_DIR)
    return {"label": "panel", "figures": [{**row, "data": row.get("source", "")} for row in evaluations]}


def is_whole(panel: detection.Panel) -> bool:
    """Reads all weights: they may have been damaged since they were loaded."""
    return bool(panel.active) and not panel.faults()
