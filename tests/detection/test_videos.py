"""Which frames are looked at: the same ones of the same file, spread, in short runs, at little cost."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from django.conf import settings
from PIL import Image

from detection import videos
from detection.images import Frame
from detection.limits import Clock, Limits
from detection.media import Media, probe
from detection.videos import PLACES, RUN, SHORT

from . import files


def sampled(media: Media, **options: int) -> list[Frame]:
    return list(videos.sample(media, Limits(), Clock(60), **options))


def put(tmp_path: Path, content: bytes) -> Media:
    path = tmp_path / "film"
    path.write_bytes(content)
    return probe(path)


def test_the_frames_of_a_gif_are_counted_without_decoding_them(tmp_path: Path) -> None:
    content = bytearray(files.animated("gif", 200, 32))
    assert put(tmp_path, bytes(content)).frames == 200
    frame = content.index(b"\x2c", 13 + 3 * 256)
    size = content[frame + 11]
    content[frame + 12 : frame + 12 + size] = bytes([255]) * size  # pixels that can't be decoded, in whole blocks
    assert put(tmp_path, bytes(content)).frames == 200


def test_a_long_animation_takes_little_more_memory_than_a_picture(tmp_path: Path) -> None:
    """With the shipped models, in a process of its own."""
    portrait = Image.fromarray(files.ASTRONAUT)
    portrait.save(tmp_path / "still.png")
    palette = portrait.quantize(64)
    shifted = (Image.fromarray(np.roll(files.ASTRONAUT, (i % 20, i % 30), (0, 1))) for i in range(200))
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in shifted]
    frames[0].save(tmp_path / "long.gif", save_all=True, append_images=frames[1:], duration=60)
    source = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "import detection\n"
        "panel = detection.read_panel(Path('ml_models'))\n"
        "for name in ('still.png', 'long.gif'):\n"
        "    finding = detection.inspect(Path(sys.argv[1]) / name, bundles=panel)\n"
        "    print(len(finding.frames), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source, str(tmp_path)],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (_one, still), (count, animation) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert count == PLACES * RUN
    assert animation - still < 100 * 1024, "kilobytes"


@pytest.fixture
def minute(tmp_path: Path) -> Media:
    return put(tmp_path, files.film(count=720, gop=24))


def test_the_same_file_gives_the_very_same_frames(minute: Media) -> None:
    one, other = sampled(minute), sampled(minute)
    assert [still.index for still in one] == [still.index for still in other]
    assert all((a.pixels == b.pixels).all() for a, b in zip(one, other, strict=True))


def test_another_file_is_looked_at_elsewhere(minute: Media) -> None:
    elsewhere = replace(minute, sha256="0" * 64)
    assert [still.index for still in sampled(minute)] != [still.index for still in sampled(elsewhere)]


def test_a_few_runs_of_neighbouring_frames_are_spread_over_a_long_film(minute: Media) -> None:
    stills = sampled(minute)
    runs: dict[int, list[int]] = {}
    for still in stills:
        runs.setdefault(still.run, []).append(still.index)
    assert 8 <= len(runs) <= PLACES
    assert all(len(run) % RUN == 0 for run in runs.values())
    inside = [b - a for run in runs.values() for a, b in pairwise(run)]
    assert inside.count(1) >= len(stills) * 0.6
    times = [still.time for still in stills]
    assert times == sorted(times)
    assert times[0] < 10
    assert times[-1] > 48
    assert max(np.diff(times)) < 15
    assert len(stills) <= videos.expected(minute) * 1.5


def test_not_only_key_frames_are_looked_at(minute: Media) -> None:
    assert sum(still.index % 24 == 0 for still in sampled(minute)) <= 2


def test_frames_come_with_the_time_at_which_they_are_shown(minute: Media) -> None:
    for still in sampled(minute):
        assert still.time == pytest.approx(still.index / 12, abs=0.01)
        brightness = float(np.median(still.pixels))
        assert brightness == pytest.approx(40 + still.index * 160 // 720, abs=4), "and are those frames"


def test_a_short_film_is_read_whole(tmp_path: Path) -> None:
    media = put(tmp_path, files.film(count=SHORT))
    assert [still.index for still in sampled(media)] == list(range(SHORT))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_so_is_one_of_hardly_any_frames(count: int, tmp_path: Path) -> None:
    assert len(sampled(put(tmp_path, files.film(count=count)))) == count


def test_frames_that_depend_on_later_ones_are_put_in_order(tmp_path: Path) -> None:
    media = put(tmp_path, files.film(count=240, options=(("preset", "medium"), ("bf", "3"))))
    stills = sampled(media)
    assert [still.index for still in stills] == sorted({still.index for still in stills})
    for still in stills:
        assert float(np.median(still.pixels)) == pytest.approx(40 + still.index * 160 // 240, abs=5)


def test_an_uneven_pace_is_kept(tmp_path: Path) -> None:
    times = tuple(int(40 * n + (300 * (n // 10))) for n in range(100))
    stills = sampled(put(tmp_path, files.film("mkv", count=100, times=times)))
    assert len(stills) >= 8 * RUN
    for still in stills:
        assert still.time * 1000 == pytest.approx(times[still.index], abs=3)


def test_a_film_that_does_not_know_its_length_is_measured(tmp_path: Path) -> None:
    out = io.BytesIO()
    film = io.BytesIO(files.film(count=120))
    with av.open(film) as source, av.open(out, "w", format="matroska", options={"live": "1"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    media = put(tmp_path, out.getvalue())
    assert media.duration is None
    stills = sampled(media)
    assert len(stills) >= 8 * RUN
    assert stills[-1].time > 8


def test_the_number_of_places_can_be_asked_for(minute: Media) -> None:
    assert len({still.run for still in sampled(minute, places=3)}) <= 3


def test_an_animated_picture_keeps_its_times(tmp_path: Path) -> None:
    for form in files.ANIMATED:
        stills = sampled(put(tmp_path, files.animated(form)))
        assert [round(still.time, 3) for still in stills] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    long = sampled(put(tmp_path, files.animated("gif", 200, 32)))
    assert len(long) == PLACES * RUN


def ten_minutes(path: Path) -> Path:
    """A film of 10 minutes in 1080p: ten seconds are encoded, and then their packets again and again."""
    chance = np.random.default_rng(0)
    noise = chance.integers(0, 255, (1080, 1920, 3), dtype=np.uint8)
    seconds, rate = 4, 25
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "38", "g": "50"})
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        packets = []
        for number in range(seconds * rate):
            frame = av.VideoFrame.from_ndarray(np.roll(noise, number * 8, axis=1) // 4, "rgb24")
            packets += stream.encode(frame)
        packets += stream.encode()
        kept = [(bytes(packet), packet.pts, packet.dts, packet.is_keyframe, packet.duration) for packet in packets]
        length = seconds * rate * (kept[1][1] - kept[0][1])
        for turn in range(600 // seconds):
            for content, pts, dts, key, duration in kept:
                packet = av.Packet(content)
                packet.pts, packet.dts, packet.duration = pts + turn * length, dts + turn * length, duration
                packet.is_keyframe, packet.stream, packet.time_base = key, stream, packets[0].time_base
                out.mux(packet)
    return path


def test_ten_minutes_in_full_hd_cost_little_memory_and_time(tmp_path: Path) -> None:
    path = ten_minutes(tmp_path / "long.mp4")
    source = (
        "import json, resource, sys, time\n"
        "import detection\n"
        "from detection import faces, inspection\n"
        "import numpy as np\n"
        "faces.detect(np.zeros((480, 640, 3), np.uint8))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "finding = detection.inspect(sys.argv[1], bundles='/nowhere')\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(json.dumps([len(finding.frames), finding.frames[-1].time, (after - before) / 1024]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source, str(path)],
        cwd=settings.BASE_DIR, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    frames, last, grown = json.loads(done.stdout)
    assert frames >= 48
    assert last > 540
    assert grown < 200, "megabytes"
