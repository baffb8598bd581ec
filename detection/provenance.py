"""Metadata: camera, software, dates, Content Credentials. It is context, and never evidence by itself."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from PIL import ExifTags

from .errors import DetectionError
from .finding import Code, Reason
from .media import PILLOW, Media, decoding, open_image, open_video
from .sources import open_source

LONGEST = 200
EXIF = {
    "Make": "camera",
    "Model": "camera",
    "LensModel": "camera",
    "Software": "software",
    "ProcessingSoftware": "software",
    "HostComputer": "software",
    "DateTime": "time",
    "DateTimeOriginal": "time",
    "DateTimeDigitized": "time",
    "OffsetTimeOriginal": "time",
    "ImageDescription": "text",
    "Artist": "text",
    "Copyright": "text",
    "UserComment": "text",
}
CONTAINER = {
    "encoder": "software",
    "software": "software",
    "creation_time": "time",
    "com.apple.quicktime.creationdate": "time",
    "make": "camera",
    "model": "camera",
    "com.apple.quicktime.make": "camera",
    "com.apple.quicktime.model": "camera",
    "com.apple.quicktime.software": "software",
    "com.android.version": "software",
    "handler_name": "software",
    "comment": "text",
    "title": "text",
    "artist": "text",
    "description": "text",
}
PLACE = re.compile(r"location|gps|©xyz|iso6709", re.IGNORECASE)
WRITTEN = ("parameters", "prompt", "workflow", "Software", "Comment", "Description", "Title", "Author", "comment")
XMP = {"CreatorTool": "software", "DigitalSourceType": "source", "CreateDate": "time", "ModifyDate": "time"}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
GENERATED = "trainedAlgorithmicMedia"  # IPTC's terms for output of generative tools end with it
MIME = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
    "heic": "image/heic",
    "gif": "image/gif",
    "tiff": "image/tiff",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "avi": "video/avi",
}
HIDDEN = "present, not shown"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Content Credentials: none, valid, untrusted (intact, but the signer is unknown) or invalid."""

    state: str = "none"
    generator: str = ""
    signer: str = ""
    actions: tuple[dict[str, str], ...] = ()
    problems: tuple[str, ...] = ()
    generated: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "claim_generator": self.generator,
            "signer": self.signer,
            "actions": list(self.actions),
            "problems": list(self.problems),
            "says_generated": self.generated,
        }


@dataclass(frozen=True, slots=True)
class Provenance:
    facts: tuple[dict[str, str], ...] = ()
    credentials: Credentials = field(default_factory=Credentials)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        if self.credentials.state == "invalid":
            return (Reason(Code.CREDENTIALS_INVALID),)
        if self.credentials.generated:
            return (Reason(Code.CREDENTIALS_SAY_GENERATED, detail=self.credentials.state),)
        return ()

    def to_dict(self) -> dict[str, Any]:
        return {"facts": list(self.facts), "credentials": self.credentials.to_dict()}


def read(media: Media, *, location: bool = False, anchors: str = "") -> Provenance:
    """Facts and credentials. Broken metadata is ignored; it is no reason to refuse the file."""
    try:
        facts = _of_image(media, location) if media.format in PILLOW else _of_container(media, location)
    except DetectionError:
        facts = []
    return Provenance(tuple(facts), _credentials(media, anchors))


def clean_fact(group: str, name: str, value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        value = value.removeprefix(b"ASCII\0\0\0").removeprefix(b"UNICODE\0").decode("utf-8", "replace")
    text = " ".join(CONTROL.sub(" ", str(value)).split())
    return {"group": group, "name": name, "value": text if len(text) <= LONGEST else text[:LONGEST] + " …"}


def _of_image(media: Media, location: bool) -> list[dict[str, str]]:
    facts = []
    with decoding(), open_image(media.path, media.format) as image:
        exif = image.getexif()
        tags = {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}
        for tag, value in tags.items():
            name = ExifTags.TAGS.get(tag, "")
            if name in EXIF and value not in ("", b"", None):
                facts.append(clean_fact(EXIF[name], name, value))
        if place := exif.get_ifd(ExifTags.IFD.GPSInfo):
            facts.append(clean_fact("place", "GPS", _place(place) if location else HIDDEN))
        for name in WRITTEN:
            if isinstance(image.info.get(name), str | bytes):
                facts.append(clean_fact("text", name, image.info[name]))
        xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    return facts + _of_xmp(xmp.encode() if isinstance(xmp, str) else bytes(xmp))


def _of_xmp(packet: bytes) -> list[dict[str, str]]:
    facts = []
    for name, group in XMP.items():
        pattern = rb"[\w]+:" + name.encode() + rb"(?:\s*=\s*[\"']([^\"']{1,400})|\s*>\s*([^<]{1,400}))"
        if match := re.search(pattern, packet[: 1 << 20]):
            facts.append(clean_fact(group, name, next(part for part in match.groups() if part)))
    return facts


def _place(gps: dict[int, Any]) -> str:
    def degrees(at: int) -> float:
        whole, minutes, seconds = (float(part) for part in gps[at])
        return (whole + minutes / 60 + seconds / 3600) * (-1 if str(gps.get(at - 1)) in ("S", "W") else 1)

    try:
        return f"{degrees(2):.5f}, {degrees(4):.5f}"
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return "present, not readable"


def _of_container(media: Media, location: bool) -> list[dict[str, str]]:
    facts = [clean_fact("container", "format", media.format), clean_fact("container", "codec", media.codec)]
    with decoding(), open_video(media.path, media.format) as container:
        metadata = {**container.streams.video[0].metadata, **container.metadata}
    for name, value in metadata.items():
        if PLACE.search(name):
            facts.append(clean_fact("place", name, value if location else HIDDEN))
        elif name.lower() in CONTAINER and value:
            facts.append(clean_fact(CONTAINER[name.lower()], name, value))
    return facts


def _credentials(media: Media, anchors: str) -> Credentials:
    """Read Content Credentials offline: no manifest and no certificate status is fetched."""
    if media.format not in MIME:
        return Credentials()
    import c2pa

    verify: dict[str, Any] = {"remote_manifest_fetch": False, "ocsp_fetch": False}
    settings: dict[str, Any] = {"verify": verify}
    if anchors:
        verify["verify_trust"] = True
        settings["trust"] = {"trust_anchors": anchors}
    try:
        with open_source(media.path) as file:
            context = c2pa.Context(c2pa.Settings.from_dict(settings))
            with c2pa.Reader(MIME[media.format], file, context=context) as reader:
                return _read_store(json.loads(reader.json()), str(reader.get_validation_state() or ""))
    except c2pa.C2paError as error:
        message = str(error)
        if "ManifestNotFound" in message or "NotSupported" in message or "RemoteManifest" in message:
            return Credentials()
        return Credentials("invalid", problems=(clean_fact("", "", message.split(":")[0])["value"],))
    except (ValueError, OSError, UnicodeError) as error:
        return Credentials("invalid", problems=(type(error).__name__,))


def _read_store(store: dict[str, Any], state: str) -> Credentials:
    active = store.get("manifests", {}).get(store.get("active_manifest"), {})
    problems = [str(status.get("code", "")) for status in store.get("validation_status") or []]
    actions = [
        {
            "action": str(action.get("action", "")),
            "source": str(action.get("digitalSourceType", "")).rsplit("/", 1)[-1],
            "tool": _tool(action.get("softwareAgent")),
        }
        for assertion in active.get("assertions", ())
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in (assertion.get("data") or {}).get("actions", ())
    ]
    claimed = active.get("claim_generator_info") or [{"name": active.get("claim_generator", "")}]
    return Credentials(
        state={"Trusted": "valid", "Valid": "untrusted"}.get(state, "invalid"),
        generator=_tool(claimed[0]),
        signer=clean_fact("", "", (active.get("signature_info") or {}).get("issuer", ""))["value"],
        actions=tuple({k: clean_fact("", "", v)["value"] for k, v in action.items()} for action in actions[:50]),
        problems=tuple(dict.fromkeys(problems)),
        generated=any(action["source"].lower().endswith(GENERATED.lower()) for action in actions),
    )


def _tool(agent: Any) -> str:
    if isinstance(agent, dict):
        agent = " ".join(str(agent[key]) for key in ("name", "version") if agent.get(key))
    return clean_fact("", "", agent or "")["value"]
