"""`manage.py bench` beside a running site."""

import json
from collections.abc import Callable
from pathlib import Path

from ..scans.conftest import portrait
from .conftest import Site


def test_the_platforms_own_share_of_the_time_is_told(manage: Callable[..., str], tmp_path: Path) -> None:
    photo = tmp_path / "astronaut.jpg"
    photo.write_bytes(portrait(512))
    measured = json.loads(manage("bench", "--site", str(photo), "--quick", "--json").splitlines()[-1])
    assert measured["overhead_ms_worst"] >= measured["overhead_ms_median"] > 0
    assert measured["photos_a_second"] > 0
    assert measured["share_of_inspect_alone"] > 0


def test_pages_with_many_rows_are_timed_in_a_database_of_their_own(site: Site, manage: Callable[..., str]) -> None:
    measured = json.loads(manage("bench", "--pages", "--quick", "--json").splitlines()[-1])
    assert {"history, uploader", "history, by outcome, uploader", "queue, lead", "review page, lead"} <= measured.keys()
    assert all(row["ms"] > 0 for row in measured.values())
    count = "from scans.models import Scan; print(Scan.objects.filter(name='photo-7.jpg').count())"
    assert site.shell.run(count).split() == ["0"]
