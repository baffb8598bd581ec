"""Refusals. Each has a code for programs and a sentence for the person who sent the file."""

from typing import ClassVar


class DetectionError(Exception):
    """A file or bundle that can't be used. `str()` is a sentence for people and contains no path."""

    code: ClassVar[str] = "unreadable"
    sentence: ClassVar[str] = "This file could not be read."

    def __init__(self, sentence: str = "", *, detail: str = "") -> None:
        super().__init__(sentence or self.sentence)
        self.detail = detail  # for logs, never shown to users

    def to_dict(self) -> dict[str, str]:
        return {"code": self.code, "sentence": str(self)}


class Missing(DetectionError):
    code = "missing"
    sentence = "This file does not exist, or is not a file."


class Empty(DetectionError):
    code = "empty"
    sentence = "This file is empty."


class UnknownFormat(DetectionError):
    code = "unknown_format"
    sentence = (
        "This is not a picture or video we can read. Send JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF, BMP, "
        "MP4, MOV, WebM, MKV or AVI."
    )


class Undecodable(DetectionError):
    code = "undecodable"
    sentence = "This file is damaged: its pictures could not be decoded."


class Truncated(DetectionError):
    code = "truncated"
    sentence = "This file ends too early. It may not have been copied or uploaded completely."


class Encrypted(DetectionError):
    code = "encrypted"
    sentence = "This file is encrypted or copy-protected, so its pictures can't be read."


class Polyglot(DetectionError):
    code = "polyglot"
    sentence = "This file is a picture and something else at the same time, so it is not accepted."


class NoPicture(DetectionError):
    code = "no_picture"
    sentence = "This file holds no picture: there is only sound, text or nothing in it."


class OverLimit(DetectionError):
    code = "over_limit"
    sentence = "This file is over one of this site's limits."


class TooManyBytes(OverLimit):
    code = "too_many_bytes"
    sentence = "This file is too large."


class TooManyPixels(OverLimit):
    code = "too_many_pixels"
    sentence = "This picture has too many pixels. Send a smaller version."


class TooManyFrames(OverLimit):
    code = "too_many_frames"
    sentence = "This video has too many frames. Send a shorter part of it."


class TooLong(OverLimit):
    code = "too_long"
    sentence = "This video is too long. Send a shorter part of it."


class TooMuchMemory(OverLimit):
    code = "too_much_memory"
    sentence = "Decoding this file would need too much memory. Send a smaller version."


class OutOfTime(OverLimit):
    code = "out_of_time"
    sentence = "Reading this file took too long and was given up."


class UnsafeToRead(DetectionError):
    """The process that decoded the file crashed, hung, or broke a limit."""

    code = "unsafe_to_read"
    sentence = "This file could not be read safely."


class BadBundle(DetectionError):
    """A bundle that can't be verified or run. It concerns the operator, not the uploader."""

    code = "bad_bundle"
    sentence = "This model bundle can't be used."
