"""A trained network becomes a bundle that inspection can use, with a card of what was measured."""

import hashlib
import io
import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

import detection
from detection import bundle as bundles
from detection import networks
from detection.runtime import Runner
from detection.training import demo, image, samples
from detection.training.export import Release, _kinds, _summary
from detection.training.face_dataset import FaceCrop, TrainingError, read_faces
from detection.training.samples import Recipe
from detection.training.trained import Predictions, trained

from ..judging import faking
from ..judging.conftest import save
from .test_training_image import TINY


@pytest.fixture(scope="module")
def made(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("export")
    faces = {part: read_faces(folder, part) for part in ("train", "validation")}
    image.build(TINY).save(root / "first.keras")
    image.train(TINY, faces, root / "run", init=root / "first.keras", init_licence="of the first")
    out = io.StringIO()
    call_command(
        "export_bundle", root / "run", faces=[folder], bundles=root / "bundles", each=3, failure=["hardly trained"],
        before=[root / "run"] * 3, stdout=out,
    )  # fmt: skip
    assert "Wrote tiny/1" in out.getvalue()
    return root / "bundles"


def test_the_bundle_is_whole_and_calibrated(made: Path) -> None:
    bundle = bundles.read_bundle(made / "tiny")
    bundle.verify()
    assert bundle.files.keys() == {"model.keras", "model.onnx", "training_distribution.npz"}
    assert bundle.calibration.fitted
    assert (bundle.size, bundle.margin, bundle.mirror) == (48, 0.12, True)
    assert (made / "tiny" / "plan.json").is_file(), "the very plan it was made by"


def test_its_card_tells_what_was_measured_where(made: Path) -> None:
    text = (made / "tiny" / "CARD.md").read_text()
    assert "public domain" in text
    assert "| own fakes, new people: self_blend |" in text
    assert "- hardly trained" in text
    seen = TINY.steps * TINY.batch
    told = ", then ".join(f"{seen} samples by plan-before-{number}.json" for number in (1, 2, 3))
    assert f"a network after {told}" in text
    assert "A second run" not in text, "a chain of trainings is more than one command"
    digest = hashlib.sha256((made.parent / "first.keras").read_bytes()).hexdigest()
    assert f"- first weights: first.keras, licence of the first, sha256 {digest}\n" in text
    assert image.Plan.read(made / "tiny" / "plan-before-3.json") == TINY
    assert "](calibration.svg)" in text
    assert "](log.svg)" in text
    assert "measured" in (made / "tiny" / "calibration.svg").read_text()
    assert "- code sha256: " in text
    figures = json.loads((made / "tiny" / bundles.CARD).read_text())["figures"]
    assert len(figures) == 1 + len(Recipe().weights)


def test_the_commands_in_a_card_make_the_same_network_again(folder: Path, made: Path, tmp_path: Path) -> None:
    first, out = made.parent / "first.keras", io.StringIO()
    other = demo.make(tmp_path / "other", people=20)
    replace(TINY, steps=6, seed=8).write(tmp_path / "short.json")
    plans = {"earlier": made / "tiny" / "plan.json", "run": tmp_path / "short.json"}
    for name, init in (("earlier", first), ("run", tmp_path / "earlier")):
        more = {"init_licence": "of the first"} if init is first else {}
        faces = [folder] if name == "earlier" else [folder, other]
        call_command("train_image", tmp_path / name, faces=faces, plan=plans[name], init=init, **more, stdout=out)
    said = {
        "faces": [folder, other],
        "before": [tmp_path / "earlier"],
        "each": 3,
        "unclaimed": ["retouch"],
        "no_probability": True,
        "stdout": out,
    }
    call_command("export_bundle", tmp_path / "run", bundles=tmp_path / "one", **said)
    bundle = tmp_path / "one" / "tiny"
    text = (bundle / "CARD.md").read_text()
    assert f"{len(read_faces(folder, 'train')) + len(read_faces(other, 'train'))} crops of real faces" in text
    here = {"FACES-1": folder, "FACES-2": other, "first.keras": first}
    here |= {"RUN": tmp_path / "again", "RUN-1": tmp_path / "again-1"}
    here |= {name: bundle / name for name in ("plan.json", "plan-before-1.json")}
    commands = [shlex.split(line)[1:] for line in text.splitlines() if line.startswith("    manage.py ")]
    assert [command[0] for command in commands] == ["train_image", "train_image", "export_bundle"]
    assert ["FACES-2" in command for command in commands] == [False, True, True], "each saw what it saw"
    for command in commands:
        more = ["--bundles", str(tmp_path / "two")] if command[0] == "export_bundle" else []
        call_command(*[str(here.get(word, word)) for word in command], *more, stdout=out)
    one, two = (networks.load(tmp_path / name / "tiny" / "model.keras").get_weights() for name in ("one", "two"))
    for mine, other in zip(one, two, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-4)
    assert (tmp_path / "two" / "tiny" / "CARD.md").read_text().split("## Weights")[0] == text.split("## Weights")[0]


def test_what_was_measured_later_goes_into_the_card_and_nothing_else_changes(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(made / "tiny", folder)
    before = json.loads((folder / bundles.CARD).read_text())
    (tmp_path / "known" / "real").mkdir(parents=True)
    (tmp_path / "known" / "fake").mkdir()
    chance = np.random.default_rng(0)
    for number in range(3):
        save(tmp_path / "known" / "real" / f"{number}.jpg", faking.photo(chance, manipulated=False))
        save(tmp_path / "known" / "fake" / f"{number}.jpg", faking.photo(chance, manipulated=True))
    for count in (2, 3):  # the second time with more files: in the place of the first
        out = io.StringIO()
        call_command("evaluate", tmp_path / "known", bundles=tmp_path, limit=count, json=True, stdout=out)
        (tmp_path / "said.json").write_text(out.getvalue())
        call_command(
            "write_card", folder, figures=[tmp_path / "said.json"], failure=["blind at night"], stdout=io.StringIO()
        )
    after = json.loads((folder / bundles.CARD).read_text())
    assert {name for name in after if after[name] != before[name]} == {"figures", "failures"}
    text = (folder / "CARD.md").read_text()
    assert "| known | 3 | 3 |" in text
    assert "| known | 2 |" not in text
    assert "- blind at night" in text
    bundles.read_bundle(folder).verify()
    (folder / bundles.CARD).write_text(json.dumps(after | {"cuts": {"little_below": 0.1, "manipulated_above": 0.2}}))
    with pytest.raises(CommandError, match="not an evaluation of tiny/1 alone, in its present version"):
        call_command("write_card", folder, figures=[tmp_path / "said.json"])


def test_a_bundle_is_not_replaced_unasked(made: Path, folder: Path) -> None:
    stamp = (made / "tiny" / bundles.CARD).stat().st_mtime_ns
    with pytest.raises(CommandError, match="There is already a bundle tiny"):
        call_command("export_bundle", made.parent / "run", faces=[folder], bundles=made, stdout=io.StringIO())
    assert (made / "tiny" / bundles.CARD).stat().st_mtime_ns == stamp


def test_what_was_trained_on_fakes_by_others_needs_a_licence(
    made: Path, people: list[FaceCrop], tmp_path: Path
) -> None:
    release = {"run": made.parent / "run", "root": tmp_path, "folders": (made.parent.parent,)}
    with pytest.raises(TrainingError, match="There is no training in"):
        Release(**release | {"run": tmp_path})
    with pytest.MonkeyPatch.context() as patch:
        given = {part: [*people, replace(people[0], manipulation="swap")] for part in ("train", "validation")}
        patch.setattr("detection.training.face_dataset.read_parts", lambda *args: given)
        with pytest.raises(TrainingError, match="Give the licence of the bundle with --licence"):
            Release(**release)
        assert Release(**release, licence="research only").licence == "research only"


def test_cuts_are_fitted_on_what_is_served(made: Path, folder: Path) -> None:
    done = trained(made.parent / "run")
    faces = read_faces(folder, "validation")
    pictures = np.stack([one.pixels for one in samples.fixed(faces, done.plan.recipe, each=3, seed=99)])
    served = Runner(bundles.read_bundle(made / "tiny"), runtime="keras").raw(pictures)["score"]
    np.testing.assert_allclose(done.predict(faces, 3, 99).scores, served, atol=1e-5)


def test_a_card_tells_of_fakes_that_others_made(people: list[FaceCrop]) -> None:
    assert "No deepfake made by anybody else" in _summary(people)
    given = [replace(people[0], manipulation="Deepfakes"), replace(people[1], manipulation="FaceSwap")]
    text = _summary([*people[2:], *given])
    assert f"{len(people) - 2} crops of real faces of about {len(people) - 2} people" in text
    assert "2 crops of fakes that others made (Deepfakes, FaceSwap)" in text
    assert "No deepfake" not in text


def test_a_misspelt_kind_is_not_taken_for_claimed(made: Path, folder: Path, tmp_path: Path) -> None:
    words = ["--faces", str(folder), "--bundles", str(tmp_path), "--each", "3", "--unclaimed", "swop"]
    with pytest.raises(CommandError, match="invalid choice: 'swop'"):
        call_command("export_bundle", str(made.parent / "run"), *words, stdout=io.StringIO())


def test_inspection_uses_it(made: Path, tmp_path: Path) -> None:
    import numpy as np

    photo = save(tmp_path / "p.jpg", faking.photo(np.random.default_rng(0), manipulated=False))
    finding = detection.inspect(photo, bundles=made)
    assert finding.bundles[0].status == "ran"
    assert finding.score is not None


def test_kinds_are_named_only_where_they_can_be_told() -> None:
    import numpy as np

    kinds = np.array(["self_blend", "mouth_redone", "whole_rebuilt", "painted_over"] * 5)

    def named(shares: np.ndarray | None, *unclaimed: str) -> list[str]:
        return _kinds(Predictions(np.zeros(20), kinds, kinds, shares), unclaimed)

    sure = np.tile(np.eye(4), (5, 1))
    assert named(sure) == ["swap", "expression", "synthesised", "retouch"]
    assert named(np.full((20, 4), 0.25)) == named(None) == []
    sure[:, 1] = 0.5
    assert named(sure) == ["swap", "other", "synthesised", "retouch"]
    assert named(sure, "synthesised") == ["swap", "other", "other", "retouch"]
