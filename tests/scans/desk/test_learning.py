"""What the site learns from people: a corpus with consent, and mistakes that no new bundle may make again."""

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.roles import Role
from detection.training import datasets
from scans import analysis
from scans.analysis import routing
from scans.learning import labels
from scans.models import Action, Decision, Label, LockedCase, Policy, Reason, ReviewItem, ReviewQueue, Scan
from scans.retention import deletion
from scans.review import appeals, decisions
from scans.uploads import intake

from ..conftest import bundle, portrait
from .conftest import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(
    bundles: Path, uploader: User, moderator: User, policy: Policy, clock: Clock,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> Callable[..., Scan]:  # fmt: skip
    """A photo with consent, judged by the models and decided by a person, long enough ago."""

    def make(label: Label, *, side: int = 200, consents: bool = True) -> Scan:
        file = ContentFile(portrait(side), name=f"{side}.jpg")
        with django_capture_on_commit_callbacks(execute=True):
            scan = intake.submit(uploader, file, consents_to_training=consents)
        scan.refresh_from_db()
        item = ReviewItem.objects.open().filter(scan=scan).first()
        item = item or routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND)
        decisions.decide(item, moderator, label, policy=policy)
        clock.later(minutes=6)
        return scan

    return make


def exported(folder: Path) -> list[dict[str, str]]:
    call_command("export_labels", folder, stdout=io.StringIO())
    with (folder / "labels.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_corpus_is_what_training_takes(told: Callable[..., Scan], tmp_path: Path) -> None:
    real, fake = told(Label.NOT_MANIPULATED, side=200), told(Label.MANIPULATED, side=210)
    rows = exported(tmp_path / "corpus")
    assert {(row["sha256"], row["label"]) for row in rows} == {(real.sha256, "real"), (fake.sha256, "fake")}
    with datasets.items(tmp_path / "corpus/labels.csv") as items:
        assert {(item.fake, item.path.is_file(), item.part) for item in items} == {
            (label, True, labels.part_of(str(scan.owner_id))) for scan, label in ((real, False), (fake, True))
        }
    with datasets.items(tmp_path / "corpus") as items:
        assert {item.fake for item in items} == {True, False}
    manifest = json.loads((tmp_path / "corpus/manifest.json").read_text())
    assert manifest["files"] == 2
    assert sum(manifest["parts"].values()) == 2


def test_without_consent_or_while_open_or_deleted_nothing_is_in_it(
    told: Callable[..., Scan], tmp_path: Path, uploader: User, moderator: User, clock: Clock
) -> None:
    told(Label.MANIPULATED, side=200, consents=False)
    taken_back, gone, open_, objected = (told(Label.MANIPULATED, side=side) for side in range(210, 250, 10))
    told(Label.INCONCLUSIVE, side=250)
    Scan.objects.filter(pk=taken_back.pk).update(consents_to_training=False)
    deletion.delete(gone, uploader)
    routing.put(open_, ReviewQueue.objects.get(slug="review"), Reason.HAND)
    appeals.make(objected.decisions.get(), uploader, "No.")
    fresh = told(Label.MANIPULATED, side=270)
    Decision.objects.filter(scan=fresh).update(settles_at=clock.now + dt.timedelta(hours=1))
    kept = told(Label.NOT_MANIPULATED, side=280)
    rows = exported(tmp_path / "corpus")
    assert [row["sha256"] for row in rows] == [kept.sha256]


def test_the_same_file_with_two_answers_is_left_out(
    told: Callable[..., Scan], tmp_path: Path, person: Callable[..., User]
) -> None:
    told(Label.MANIPULATED, side=200)
    again = told(Label.NOT_MANIPULATED, side=200)
    assert exported(tmp_path / "corpus") == []
    assert not list((tmp_path / "corpus").rglob(f"{again.sha256}*"))


def test_all_files_of_one_owner_are_in_the_same_part(told: Callable[..., Scan], tmp_path: Path) -> None:
    for side in (200, 216, 232):  # by their own hashes these would be in three parts
        told(Label.NOT_MANIPULATED, side=side)
    rows = exported(tmp_path / "corpus")
    assert len(rows) == 3
    assert len({row["part"] for row in rows}) == 1


def test_parts_never_change_and_are_about_eight_one_one() -> None:
    parts = [labels.part_of(str(number)) for number in range(2000)]
    assert (parts[1], parts[9], parts[24]) == ("train", "validation", "test")
    assert 0.75 < parts.count("train") / 2000 < 0.85
    assert parts.count("test") > 140


def test_what_lies_there_already_is_not_mixed_with(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("old")
    with pytest.raises(CommandError, match="not empty"):
        call_command("export_labels", tmp_path)


# -- Not the same mistake twice ----------------------------------------------------------------------


@pytest.fixture
def overturned(
    bundles: Path,
    upload: Callable[..., Scan],
    moderator: User,
    lead: User,
    uploader: User,
    clock: Clock,
    policy: Policy,
) -> Scan:
    """A bright face that a person called manipulated, and another one, after an appeal, not."""
    scan = upload()
    item = ReviewItem.objects.open().filter(scan=scan).first()
    item = item or routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND)
    first = decisions.decide(item, moderator, Label.MANIPULATED, policy=policy)
    clock.later(minutes=6)
    appeals.make(first, uploader, "It is my own face.")
    decisions.decide(
        ReviewItem.objects.open().get(scan=scan),
        lead,
        Label.NOT_MANIPULATED,
        policy=policy,
        public_note="You are right.",
    )
    return scan


def candidate(tmp_path: Path, weight: float, cuts: tuple[float, float] = (0.35, 0.8)) -> Path:
    folder = bundle(tmp_path / "candidates", "newer", weight) / "newer"
    card = json.loads((folder / "bundle.json").read_text())
    card["cuts"] = {"little_below": cuts[0], "manipulated_above": cuts[1]}
    (folder / "bundle.json").write_text(json.dumps(card))
    return folder


def promote(folder: Path, *more: str) -> str:
    out = io.StringIO()
    call_command("promote_bundle", folder, "--weight", "trust", *more, stdout=out)
    return out.getvalue()


def test_an_overturned_appeal_is_locked_and_a_bundle_that_breaks_it_is_refused(
    overturned: Scan, bundles: Path, tmp_path: Path
) -> None:
    assert LockedCase.objects.get().label == Label.NOT_MANIPULATED
    policy = bundles / "panel.json"
    with pytest.raises(CommandError, match=f"locked case wrong again: {overturned.pk}"):
        promote(candidate(tmp_path, 40.0, (0.0, 0.0)))
    assert not (bundles / "newer").exists()
    assert not policy.exists()


def test_one_that_gets_it_right_is_put_in(overturned: Scan, bundles: Path, tmp_path: Path) -> None:
    fine = candidate(tmp_path, 1.0, (0.9, 0.95))
    assert "would be promoted" in promote(fine, "--dry-run")
    assert not (bundles / "newer").exists()
    said = promote(fine)
    assert "1 locked cases judged" in said
    assert (bundles / "newer/model.onnx").is_file()
    assert json.loads((bundles / "panel.json").read_text())["bundles"] == {"newer": "trust"}


def test_a_deleted_case_is_counted_and_not_judged(
    overturned: Scan, tmp_path: Path, uploader: User, bundles: Path
) -> None:
    deletion.delete(overturned, uploader)
    assert "0 locked cases judged, 1 without their file" in promote(candidate(tmp_path, 40.0, (0.0, 0.0)))


def test_a_panel_that_tells_decided_files_apart_worse_is_refused(
    bundles: Path, tmp_path: Path, uploader: User, person: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bright faces were called manipulated, dark ones not; the candidate has it the other way round."""
    from PIL import Image

    from scans.learning import promotion

    monkeypatch.setattr(promotion, "FEW", 3)
    queue, decider = ReviewQueue.objects.get(slug="review"), person("decider", Role.MODERATOR)
    face = Image.open(io.BytesIO(portrait(300)))
    for number in range(10):
        light = 0.45 + 0.08 * number
        out = io.BytesIO()
        face.point(lambda value, light=light: min(255, int(value * light))).save(out, "JPEG")
        scan = Scan.objects.create(
            owner=uploader, name=f"{number}.jpg", sha256=f"{number:064x}", bytes=1, status="analysed", format="jpeg"
        )
        scan.media.save("x.jpg", ContentFile(out.getvalue()))
        label = Label.MANIPULATED if number >= 5 else Label.NOT_MANIPULATED
        decisions.decide(routing.put(scan, queue, Reason.HAND), decider, label, action=Action.KEEP)
    with pytest.raises(CommandError, match="below the interval"):
        promote(candidate(tmp_path, -9.0))
    assert "AUC" in promote(candidate(tmp_path / "b", 4.0), "--dry-run")


def test_something_that_is_no_bundle_is_refused_in_words(tmp_path: Path, bundles: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(CommandError):
        promote(tmp_path / "nothing")


def test_a_bundle_of_the_same_name_takes_the_place_of_the_earlier_one(bundles: Path, tmp_path: Path) -> None:
    promote(bundle(tmp_path / "candidates", "bright", 3.0) / "bright")
    assert [label for one in analysis.media() for label in one["bundles"]] == ["bright/1", "bright/1"], "once a medium"
