import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command

from detection import benchmark

ASKED = {
    "classifier_ratio_b1", "classifier_ratio_b8", "image_ratio", "image_stability_ratio", "video10_ratio",
    "video60_ratio", "faces_ratio", "ready_seconds", "ready_mb", "limit_ratio",
}  # fmt: skip


def test_one_run_measures_everything_and_fills_the_table_of_a_page(tmp_path: Path) -> None:
    """Quick: small files and few rounds. What the ratios are is not a test's business, that they are measured is."""
    page = tmp_path / "speed.md"
    page.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n")
    out = io.StringIO()
    call_command("bench", quick=True, json=True, table=page, stdout=out)
    figures = json.loads(out.getvalue().splitlines()[-1])
    assert figures.keys() >= ASKED
    assert all(value > 0 for value in figures.values())
    text = page.read_text()
    assert text.startswith("before\n<!-- bench -->\n| | the usual way | here | ratio |\n")
    assert text.endswith("<!-- /bench -->\nafter\n")
    assert "old" not in text
    assert f"{figures['classifier_ratio_b1']:.1f}" in text


def test_a_file_without_the_marks_is_left_alone() -> None:
    with pytest.raises(ValueError, match="bench"):
        benchmark.written("nothing here", "table")


def test_both_ways_take_turns() -> None:
    order: list[str] = []
    timed = benchmark.by_turns(lambda: order.append("usual"), lambda: order.append("ours"), 3)
    assert order == ["usual", "ours"] * 4
    assert len(timed.usual) == len(timed.ours) == 3
