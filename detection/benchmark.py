"""Compare the speed of this pipeline with that of a simple one: same weights, same files, alternating.

Times depend on the machine. Ratios are comparable.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

from . import crops, faces, networks
from .bundle_import import Description, describe, write_card
from .images import Pixels
from .inspection import inspect
from .panel import read_panel
from .runtime import runner
from .sandbox import cost
from .smoke_test import PHOTO

SIZE = 224
WORK = 2 * 300.8e6  # floating-point operations of one MobileNetV2 at 224 pixels, two per multiplication
RATE, PACE = 25, 5  # frames per second, and the step of the usual way


@dataclass(slots=True)
class Timed:
    """Seconds of both ways, measured alternately so that other load affects both."""

    usual: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return median(self.usual) / median(self.ours)


def by_turns(usual: Callable[[], Any], ours: Callable[[], Any], rounds: int, *, warm: bool = True) -> Timed:
    if warm:
        usual(), ours()
    timed = Timed()
    for _ in range(rounds):
        timed.usual.append(_seconds(usual))
        timed.ours.append(_seconds(ours))
    return timed


def figure(value: float) -> float:
    """Round to three significant digits."""
    return float(f"{value:.3g}")


def _seconds(what: Callable[[], Any]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


@dataclass(slots=True)
class Bench:
    """One benchmark in a folder of its own."""

    folder: Path
    quick: bool = False
    report: Callable[[str], None] = lambda line: None
    figures: dict[str, float | None] = field(default_factory=dict)
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    model: Any = None

    def run(self) -> dict[str, float | None]:
        self._prepare()
        rounds = 1 if self.quick else 15
        self._classifier(rounds)
        self._image(rounds)
        self.decoding(rounds * 4)
        self._faces(rounds)
        for seconds in (10, 60):
            self._video(2 if self.quick and seconds == 10 else 4 if self.quick else seconds, f"video{seconds}")
        self._together()
        self._start()
        return self.figures

    def _prepare(self) -> None:
        import keras

        self.report("Preparing the network and the files …")
        keras.utils.set_random_seed(1)
        self.model = networks.image_network(SIZE)
        bundle = self.folder / "bundles" / "bench"
        bundle.mkdir(parents=True)
        networks.export(self.model, bundle / "model.onnx")
        report = Description(name="bench", scaling="-1..1", licence="none", trained_on="nothing: weights of chance")
        write_card(bundle, describe(bundle, report))
        self._photos()

    def _photos(self) -> None:
        photo = Image.open(PHOTO)
        photo.resize((1200, 1200), Image.Resampling.LANCZOS).save(self.folder / "photo.jpg", quality=90)
        wide = Image.new("RGB", (4000, 3000), "#8090a0")
        wide.paste(photo.resize((2400, 2400), Image.Resampling.LANCZOS), (800, 600))
        chance = np.random.default_rng(0)
        grain = chance.normal(0, 4, (3000, 4000, 1))  # camera noise, as smooth surfaces decode too fast
        noisy = (np.asarray(wide) + grain).clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(self.folder / "phone.jpg", quality=90)

    def decoding(self, rounds: int) -> None:
        """What it adds to a photo that it is decoded in a locked-down process."""
        if not (self.folder / "phone.jpg").exists():
            self._photos()
        for what, name in (("12 megapixels", "phone"), ("1200 × 1200", "photo")):
            timed = Timed(*cost.measure(self.folder / f"{name}.jpg", rounds))
            self._row(f"Reading a photo of {what}: in the same process, and here", timed, f"sandbox_{name}")
            self.figures[f"sandbox_{name}_ms"] = figure(cost.added(timed.usual, timed.ours))
            self.report(f"The locked-down process adds {self.figures[f'sandbox_{name}_ms']} ms")

    def _row(self, what: str, timed: Timed, name: str, unit: float = 1000) -> None:
        self.figures[f"{name}_ratio"] = figure(timed.ratio)
        kind = "ms" if unit == 1000 else "s"
        usual, ours = (median(values) * unit for values in (timed.usual, timed.ours))
        self.rows.append((what, f"{usual:.1f} {kind}", f"{ours:.1f} {kind}", f"{timed.ratio:.1f}×"))
        self.report(f"{what}: usual {usual:.1f} {kind}, here {ours:.1f} {kind}, {timed.ratio:.1f} times as fast")

    @property
    def _bundle(self) -> Any:
        return read_panel(self.folder / "bundles").members[0][0]

    def _classifier(self, rounds: int) -> None:
        run = runner(self._bundle)
        photo = np.asarray(Image.open(PHOTO).resize((SIZE, SIZE)))
        for count in (1, 8):
            batch = np.repeat(photo[None], count, 0)
            scaled = crops.normalise(batch, "-1..1", "rgb")

            def usual(pictures: Any = scaled) -> Any:
                return self.model.predict(pictures, verbose=0)

            def ours(pictures: Pixels = batch) -> Any:
                return run.raw(pictures)

            timed = by_turns(usual, ours, rounds)
            self._row(f"Classifier alone, {count} at a time", timed, f"classifier_{count}")
            self.figures[f"classifier_ratio_b{count}"] = self.figures.pop(f"classifier_{count}_ratio")
        each = min(timed.ours) / 8
        limit = WORK / self._arithmetic()
        self.figures["limit_ratio"] = figure(each / limit)
        self.report(
            f"One picture takes {each * 1000:.1f} ms; the machine's arithmetic alone would take {limit * 1000:.1f}"
        )

    def _arithmetic(self) -> float:
        """Floating-point operations per second of a large matrix multiplication on all cores."""
        side = 512 if self.quick else 1536
        source = (
            "import time, numpy as np\n"
            f"one = np.random.default_rng(0).random(({side}, {side}), np.float32)\n"
            "def seconds():\n"
            "    started = time.perf_counter()\n"
            "    one @ one\n"
            "    return time.perf_counter() - started\n"
            "print(min(seconds() for _ in range(8)))\n"
        )
        # The site limits its processes to one thread.
        unbound = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
        done = subprocess.run(  # noqa: S603 (our own interpreter, no shell)
            [sys.executable, "-c", source], env=unbound, capture_output=True, text=True, check=True
        )
        return 2 * side**3 / float(done.stdout)

    def _usual_image(self, name: str) -> float:
        """Open, resize, predict, without face detection."""
        picture = Image.open(self.folder / name).convert("RGB").resize((SIZE, SIZE))
        return float(self.model.predict(np.asarray(picture, np.float32)[None] / 127.5 - 1, verbose=0)[0, 0])

    def _image(self, rounds: int) -> None:
        panel = read_panel(self.folder / "bundles")
        for what, file, name, check in (
            ("Photo of 12 megapixels, from file to answer", "phone.jpg", "image", False),
            ("Photo of 1200 × 1200, from file to answer", "photo.jpg", "image_small", False),
            ("The same with five variants of the face (stability)", "photo.jpg", "image_stability", True),
        ):

            def usual(file: str = file) -> Any:
                return self._usual_image(file)

            def ours(file: str = file, check: bool = check) -> Any:
                return inspect(self.folder / file, bundles=panel, heatmap=False, check_stability=check)

            self._row(what, by_turns(usual, ours, rounds), name)

    def _faces(self, rounds: int) -> None:
        try:
            from mtcnn import MTCNN
        except ImportError:
            self.figures["faces_ratio"] = None
            self.report("Faces: the mtcnn package is not installed, so there is nothing to compare with")
            return
        theirs = MTCNN()
        photo = np.asarray(Image.open(PHOTO).resize((640, 640)).convert("RGB"))
        timed = by_turns(lambda: theirs.detect_faces(photo), lambda: faces.detect(photo), rounds)
        self._row("Finding faces at 640 px (the mtcnn package)", timed, "faces")

    def _video(self, seconds: int, name: str) -> None:
        path = film(self.folder / f"{name}.mp4", seconds, (640, 360) if self.quick else (1920, 1080))
        panel = read_panel(self.folder / "bundles")
        timed = by_turns(
            lambda: self._usual_video(path), lambda: inspect(path, bundles=panel, heatmap=False),
            1 if self.quick else 3 if seconds <= 10 else 2, warm=False,
        )  # fmt: skip
        size = "360p" if self.quick else "1080p"
        self._row(f"Video of {seconds} s in {size}, from file to answer", timed, name, unit=1)

    def _usual_video(self, path: Path) -> float:
        """Read every frame, predict every fifth, one by one."""
        reader, number = cv2.VideoCapture(str(path)), 0
        scores: list[float] = []
        while True:
            more, frame = reader.read()
            if not more:
                return float(np.mean(scores))
            if number % PACE == 0:
                small = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), (SIZE, SIZE))
                scores.append(self.model.predict(small.astype(np.float32)[None] / 127.5 - 1, verbose=0)[0, 0])
            number += 1

    def _together(self) -> None:
        panel, count = read_panel(self.folder / "bundles"), 8 if self.quick else 48

        def inspect_photo(_: int) -> Any:
            return inspect(self.folder / "photo.jpg", bundles=panel, heatmap=False)

        with ThreadPoolExecutor(8) as pool:
            taken = _seconds(lambda: list(pool.map(inspect_photo, range(count))))
        self.figures["images_per_second_8"] = figure(count / taken)
        self.rows.append(("Photos a second, eight at the same time", "", f"{count / taken:.1f}", ""))
        self.report(f"Eight at the same time: {count / taken:.1f} photos a second")

    def _start(self) -> None:
        """Time a new process from its start until it is ready."""
        source = (
            "import sys; from pathlib import Path; import numpy as np\n"
            "from detection import faces, inspection, panel, runtime\n"
            "for bundle, _ in panel.read_panel(Path(sys.argv[1])).members:\n"
            "    run = runtime.runner(bundle)\n"
            "    run.raw(np.zeros((1, bundle.size, bundle.size, 3), np.uint8))\n"
            "faces.detect(np.zeros((64, 64, 3), np.uint8))\n"
            "assert 'tensorflow' not in sys.modules\n"
            "held = int(Path('/proc/self/statm').read_text().split()[1]) * 4096\n"
            "print(held / 2**20, flush=True)\n"
        )
        command = [sys.executable, "-c", source, str(self.folder / "bundles")]
        taken, held = [], 0.0
        for _ in range(1 if self.quick else 5):
            started = time.perf_counter()
            done = subprocess.run(  # noqa: S603 (our own interpreter, no shell)
                command, cwd=Path(__file__).resolve().parents[1], capture_output=True, text=True, check=True
            )
            taken.append(time.perf_counter() - started)
            held = float(done.stdout)
        self.figures["ready_seconds"], self.figures["ready_mb"] = figure(median(taken)), figure(held)
        self.rows.append(("Ready to answer, from nothing", "", f"{median(taken):.2f} s, {held:.0f} MB", ""))
        self.report(f"Ready in {median(taken):.2f} s, holding {held:.0f} MB")

    def table(self) -> str:
        """The rows as Markdown."""
        head = "| | the usual way | here | ratio |\n|---|---|---|---|\n"
        lines = "".join(f"| {' | '.join(row)} |\n" for row in self.rows)
        limit = self.figures["limit_ratio"]
        return f"{head}{lines}| Classifier against this machine's arithmetic limit | | {limit}× of it | |\n"


def film(path: Path, seconds: int, size: tuple[int, int]) -> Path:
    """A moving portrait: two seconds are encoded, then the packets are repeated."""
    width, height = size
    photo = np.asarray(cv2.imread(str(PHOTO)))[..., ::-1]
    person = cv2.resize(photo, (height, height), interpolation=cv2.INTER_CUBIC)
    chance = np.random.default_rng(0)
    ground = cv2.resize(chance.integers(40, 200, (20, 36, 3), dtype=np.uint8), size, interpolation=cv2.INTER_CUBIC)
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "g": str(RATE * 2)})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        packets = []
        for number in range(RATE * 2):
            frame = np.array(ground, np.uint8)
            left = (width - height) // 2 + round(height * 0.02 * np.sin(number * np.pi / RATE))
            frame[:, left : left + height] = person
            packets += stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24"))
        packets += stream.encode()
        kept = [(bytes(p), p.pts, p.dts, p.is_keyframe, p.duration, p.time_base) for p in packets]
        length = RATE * 2 * round(1 / RATE / kept[0][5])
        for turn in range(seconds // 2):
            for content, pts, dts, key, duration, base in kept:
                packet = av.Packet(content)
                packet.pts, packet.dts, packet.duration = pts + turn * length, dts + turn * length, duration
                packet.is_keyframe, packet.stream, packet.time_base = key, stream, base
                out.mux(packet)
    return path


def written(page: str, table: str, mark: str = "bench") -> str:
    """The page with the table between its two marks."""
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    if begin not in page or end not in page:
        raise ValueError(f"There is no {begin} … {end} in it.")
    before, rest = page.split(begin, 1)
    return f"{before}{begin}\n{table}{end}{rest.split(end, 1)[1]}"


def as_json(figures: dict[str, float | None]) -> str:
    return json.dumps(figures, sort_keys=True)
