"""What a decoding process does with a file that it was handed."""

from dataclasses import asdict
from typing import Any

from .. import provenance, videos
from ..images import Picture
from ..limits import Clock, Limits
from ..media import Media, probe
from .wire import Message
from .work import Job, Work


def open_file(work: Work, limits: Message) -> Message:
    work.state["limits"] = Limits(**limits)
    media = work.state["media"] = probe(work.file, work.state["limits"])
    work.state["picture"] = Picture(media, work.state["limits"])
    return media.to_dict()


def small(work: Work) -> Message:
    return work.show(_picture(work).small())


def whole(work: Work) -> Message:
    return work.show(_picture(work).whole)


def frames(work: Work, limit: float) -> Message:
    media: Media = work.state["media"]
    for frame in videos.sample(media, work.state["limits"], Clock(limit)):
        shown = work.show_by_turns(frame.pixels)
        work.emit({"index": frame.index, "time": frame.time, "run": frame.run, **shown})
    return {}


def metadata(work: Work, location: bool, anchors: str) -> Message:
    return asdict(provenance.read(work.state["media"], location=location, anchors=anchors))


def _picture(work: Work) -> Any:
    return work.state["picture"]


JOBS: dict[str, Job] = {
    "open": open_file,
    "small": small,
    "whole": whole,
    "frames": frames,
    "metadata": metadata,
}
