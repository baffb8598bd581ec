"""What a file says of itself is shown with care: locations hidden, credentials checked offline, absence no proof."""

import datetime
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image, PngImagePlugin

import detection
from detection import Code, provenance
from detection.media import probe

from . import faking
from .test_inspection import codes


def facts(path: Path, **options: Any) -> dict[str, str]:
    return {fact["name"]: fact["value"] for fact in provenance.read(probe(path), **options).to_dict()["facts"]}


def photograph(path: Path) -> Path:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "Nikon", "D90", "Adobe Photoshop 25.1 (Windows)"
    exif[0x0132] = "2026:01:02 03:04:05"
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0sunny \x07day"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (48.0, 51.0, 29.6), "W", (2.0, 17.0, 40.2)
    Image.fromarray(faking.ASTRONAUT).save(path, exif=exif)
    return path


def test_camera_software_and_dates_are_read(tmp_path: Path) -> None:
    said = facts(photograph(tmp_path / "p.jpg"))
    assert said["Make"] == "Nikon"
    assert said["Software"] == "Adobe Photoshop 25.1 (Windows)"
    assert said["DateTime"] == "2026:01:02 03:04:05"
    assert said["UserComment"] == "sunny day", "control characters are taken out"


def test_a_location_is_hidden_unless_asked_for(tmp_path: Path) -> None:
    path = photograph(tmp_path / "p.jpg")
    assert facts(path)["GPS"] == "present, not shown"
    assert facts(path, location=True)["GPS"] == "48.85822, -2.29450"


def test_what_generators_write_into_a_png_is_shown(tmp_path: Path) -> None:
    note = PngImagePlugin.PngInfo()
    note.add_text("parameters", "a portrait, masterpiece\nSteps: 30, " + "x" * 500)
    Image.fromarray(faking.ASTRONAUT).save(tmp_path / "p.png", pnginfo=note)
    said = facts(tmp_path / "p.png")["parameters"]
    assert said.startswith("a portrait, masterpiece Steps: 30")
    assert len(said) < 210


def test_xmp_tells_the_tool_and_the_source(tmp_path: Path) -> None:
    xmp = (
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description xmp:CreatorTool=\"Firefly\">"
        b"<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
        b"</Iptc4xmpExt:DigitalSourceType></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    Image.fromarray(faking.ASTRONAUT).save(tmp_path / "p.webp", xmp=xmp)
    said = facts(tmp_path / "p.webp")
    assert said["CreatorTool"] == "Firefly"
    assert said["DigitalSourceType"].endswith("trainedAlgorithmicMedia")


def test_a_videos_container_is_read_and_its_place_hidden(tmp_path: Path) -> None:
    path = tmp_path / "v.mov"
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update({"make": "Pear", "location": "+48.8582+002.2945/", "comment": "hello"})
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")))
        container.mux(stream.encode())
    said = facts(path)
    assert said["codec"] == "h264"
    assert said["make"] == "Pear"
    assert said["location"] == "present, not shown"
    assert facts(path, location=True)["location"].startswith("+48.8582")


@dataclass
class Signer:
    """Somebody who may sign, and the authority who says so."""

    chain: bytes
    key: bytes
    authority: str

    def sign(self, picture: Image.Image, action: dict[str, Any]) -> bytes:
        info = c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, self.chain, self.key, None)
        claim = {
            "claim_generator_info": [{"name": "Painter", "version": "1.0"}],
            "format": "image/jpeg",
            "title": "a picture",
            "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
        }
        source, out = io.BytesIO(), io.BytesIO()
        picture.save(source, "JPEG")
        source.seek(0)
        with c2pa.Signer.from_info(info) as signer, c2pa.Builder(json.dumps(claim)) as builder:
            builder.sign(signer, "image/jpeg", source, out)
        return out.getvalue()


@pytest.fixture(scope="module")
def signer() -> Signer:
    now = datetime.datetime.now(datetime.UTC)
    root, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def name(common: str) -> x509.Name:
        return x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, common), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Studio")]
        )

    def certificate(key: Any, subject: str, number: int, *, is_authority: bool) -> x509.Certificate:
        usage = [not is_authority, False, False, False, False, is_authority, is_authority, False, False]
        made = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("Root"))
            .public_key(key.public_key())
            .serial_number(number)
            .not_valid_before(now - datetime.timedelta(1))
            .not_valid_after(now + datetime.timedelta(30))
            .add_extension(x509.BasicConstraints(is_authority, None), True)
            .add_extension(x509.KeyUsage(*usage), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), False)
        )
        if not is_authority:
            made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        return made.sign(root, hashes.SHA256())

    authority = certificate(root, "Root", 1, is_authority=True).public_bytes(serialization.Encoding.PEM)
    leaf = certificate(own, "Signer", 2, is_authority=False).public_bytes(serialization.Encoding.PEM)
    key = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Signer(leaf + authority, key, authority.decode())


MADE = {
    "action": "c2pa.created",
    "softwareAgent": {"name": "Painter"},
    "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
}
TAKEN = {
    "action": "c2pa.created",
    "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
}


@pytest.fixture
def signed(signer: Signer, tmp_path: Path) -> Callable[..., Path]:
    def make(action: dict[str, Any], *, spoil: bool = False) -> Path:
        content = bytearray(signer.sign(Image.fromarray(faking.ASTRONAUT), action))
        if spoil:
            content[-300] ^= 0x10
        path = tmp_path / "signed.jpg"
        path.write_bytes(content)
        return path

    return make


def test_a_file_without_credentials_has_none(real: Path) -> None:
    credentials = provenance.read(probe(real)).credentials
    assert credentials.state == "none"
    assert provenance.read(probe(real)).reasons == ()


def test_intact_credentials_of_an_unknown_signer_are_untrusted(signed: Callable[..., Path]) -> None:
    credentials = provenance.read(probe(signed(TAKEN))).credentials
    assert credentials.state == "untrusted"
    assert credentials.generator == "Painter 1.0"
    assert credentials.signer == "Studio"
    assert credentials.actions[0]["action"] == "c2pa.created"
    assert credentials.actions[0]["source"] == "digitalCapture"
    assert "signingCredential.untrusted" in credentials.problems


def test_those_of_a_known_one_are_valid(signed: Callable[..., Path], signer: Signer) -> None:
    credentials = provenance.read(probe(signed(TAKEN)), anchors=signer.authority).credentials
    assert credentials.state == "valid"
    assert credentials.problems == ()


def test_a_changed_picture_makes_them_invalid(
    signed: Callable[..., Path], signer: Signer, install: Callable[..., Path]
) -> None:
    finding = detection.inspect(signed(MADE, spoil=True), bundles=install(), anchors=signer.authority)
    assert finding.provenance["credentials"]["state"] == "invalid"
    assert "assertion.dataHash.mismatch" in finding.provenance["credentials"]["problems"]
    assert Code.CREDENTIALS_INVALID in codes(finding)
    assert Code.CREDENTIALS_SAY_GENERATED not in codes(finding), "what a broken seal says is not repeated"


def test_a_file_that_says_it_was_generated_is_reported_beside_the_score(
    signed: Callable[..., Path], signer: Signer, install: Callable[..., Path]
) -> None:
    bundles = install()
    plain = detection.inspect(signed(TAKEN), bundles=bundles)
    finding = detection.inspect(signed(MADE), bundles=bundles)
    assert Code.CREDENTIALS_SAY_GENERATED in codes(finding)
    assert finding.score == pytest.approx(plain.score, abs=0.02), "the score is the pixels', not the label's"


def test_a_manifest_of_rubbish_is_invalid_and_no_crash(signed: Callable[..., Path], tmp_path: Path) -> None:
    content = bytearray(signed(MADE).read_bytes())
    at = content.find(b"c2pa.actions")
    content[at : at + 400] = b"\xff" * 400
    (tmp_path / "rubbish.jpg").write_bytes(content)
    assert provenance.read(probe(tmp_path / "rubbish.jpg")).credentials.state == "invalid"
