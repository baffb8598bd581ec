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
    """Which bundles the panel uses for photos, for small faces in them and for films, and which it leaves out."""
    current = panel()
    usable = [bundle.label for bundle, weight in current.members if weight != "ignore"]
    described = []
    for condition in detection.Condition:
        rule = current.fusion.get(condition)
        if rule is None and condition is detection.Condition.SMALL_FACES:
            continue
        heard = [bundle.label for bundle, _ in current.heard_in(condition.medium)]
        labels = [label for label in heard if rule is None or rule.counts(label)]
        described.append(
            {
                "medium": condition.medium.value,
                "faces_below": rule.faces_below if rule else None,
                "bundles": labels,
                "not_heard": [label for label in usable if label not in labels],
                "weights": rule.weights if rule else {},
            }
        )
    return described


def in_folder_and_in_force() -> dict[str, Any]:
    """For those who change it: each model and medium as it counts now and as the folder has it."""
    try:
        read = detection.read_panel(settings.BUNDLES_DIR)
    except detection.DetectionError as error:
        raise PanelUnreadable(str(error)) from error
    now, own = as_agreed(read), PanelVersion.current()
    in_folder = {bundle.label: weight.value for bundle, weight in read.members}
    fused = {} if now.cuts else now.fusion
    bundles = [
        {
            "label": bundle.label,
            "name": bundle.name,
            "version": bundle.version,
            "kind": bundle.kind,
            "weight": weight.value,
            "weight_in_folder": in_folder[bundle.label],
            "weights": {condition.value: rule.weights.get(bundle.label) for condition, rule in fused.items()},
            "calibrated": bundle.calibration.fitted and bundle.calibration.holds,
        }
        for bundle, weight in now.members
    ]
    if fused:
        media = [_condition(condition, read, own, rule) for condition, rule in fused.items()]
    else:
        media = [_for_all(read, now, own)] if bundles else []
    return {"bundles": bundles, "media": media, "broken": now.to_dict()["broken"]}


def _condition(
    condition: detection.Condition, read: detection.Panel, own: PanelVersion | None, in_force: Any
) -> dict[str, Any]:
    in_folder = read.fusion[condition]
    return {
        "medium": condition.value,
        "for_all": False,
        "low": in_force.cuts.little_below,
        "high": in_force.cuts.manipulated_above,
        "cuts_in_folder": (in_folder.cuts.little_below, in_folder.cuts.manipulated_above),
        "cuts_file": _cuts_file(condition.value, read, condition.medium, own),
        "weights_in_folder": dict(in_folder.weights),
        "measured": in_force.measured,
        "measured_each": in_force.measured.get("bundles") or {},
    }


def _for_all(read: detection.Panel, now: detection.Panel, own: PanelVersion | None) -> dict[str, Any]:
    """Without a fusion one pair of cut-offs holds for every medium."""
    medium = detection.Medium.PHOTO
    cuts, folder = now.cuts_in(medium), read.cuts_in(medium)
    return {
        "medium": "all",
        "for_all": True,
        "low": cuts.little_below,
        "high": cuts.manipulated_above,
        "cuts_in_folder": (folder.little_below, folder.manipulated_above),
        "cuts_file": _cuts_file("all", read, medium, own),
        "weights_in_folder": {},
        "measured": {},
        "measured_each": {},
    }


def _cuts_file(name: str, read: detection.Panel, medium: Any, own: PanelVersion | None) -> str:
    """Where the cut-offs were written; empty if two people here have agreed on them."""
    return "" if own and own.sets_cuts_in(name) else read.decide_cuts(medium)[1]


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
