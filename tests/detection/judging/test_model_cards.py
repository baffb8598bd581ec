from collections.abc import Callable
from pathlib import Path

from detection import bundle as bundles
from detection import model_cards


def test_a_card_says_what_was_measured_and_what_was_not(install: Callable[..., Path]) -> None:
    root = install(
        training={"summary": "Faces under free licences.", "seed": 1, "kinds": {"self_blend": 0.34}},
        figures=[{"data": "validation", "n": 200, "auc": 0.9123, "auc_ci": [0.88, 0.94]}, {"data": "photos", "n": 100}],
        failures=["faces seen from the side"],
        licence="MIT",
    )
    text = model_cards.markdown(bundles.read_bundle(root / "tiny-image"))
    assert text.startswith("# tiny-image/1\n")
    assert "Calibrated on data of its own." in text
    assert "Below 0.35 there is little evidence, above 0.8" in text
    assert "- kinds: self_blend 0.340" in text
    assert "| validation | 200 | 0.912 | 0.880 to 0.940 |" in text
    assert "| photos | 100 |  |  |" in text, "what was not measured stays empty"
    assert "- faces seen from the side" in text
    assert bundles.read_bundle(root / "tiny-image").files["model.onnx"] in text
