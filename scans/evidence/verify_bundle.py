"""Verify an evidence bundle offline, by Python 3.11's standard library: python3 verify_bundle.py BUNDLE.zip [KEY]

KEY: the site's public key, from its page of signing keys. Without it only the bundle itself says who signed it."""
import hashlib
import json
import sys
import zipfile

P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519, as in RFC 8032
D = -121665 * pow(121666, P - 2, P) % P
FILES, passed = ("manifest", "signature", "record", "audit"), []

def add(a, b):
    low, high = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    both, z = 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    e, f, g, h = high - low, z - both, z + both, high + low
    return e * f % P, g * h % P, f * g % P, e * h % P

def multiply(number, point):
    total = (0, 1, 1, 0)
    while number:
        total, point, number = add(total, point) if number & 1 else total, add(point, point), number >> 1
    return total

def point_of(octets):
    y, odd = int.from_bytes(octets, "little") & ~(1 << 255), octets[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != square or (odd and not x):
        raise ValueError("not a point of the curve")
    x = x if x & 1 == odd else P - x
    return x, y, 1, x * y % P

def is_signed(public, message, signature):
    public, signature = bytes.fromhex(public), bytes.fromhex(signature)
    number = int.from_bytes(signature[32:], "little")
    try:
        key, mark, base = point_of(public), point_of(signature[:32]), point_of(bytes.fromhex("58" + "66" * 31))
    except (ValueError, IndexError):
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % Q
    left, right = multiply(number, base), add(mark, multiply(challenge, key))
    same = all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))
    return same and number < Q and len(public + signature) == 96

def digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

def claim(is_true, sentence):
    passed.append(bool(is_true))
    print("PASS" if is_true else "FAIL", sentence)

def root_of(event):
    parts = {name: event[name] for name in ("position", "previous", "sealed_at", "id", "scan", "kind", "at")}
    for name in ("actor", "content"):  # either may be left out for others: then its digest stands in its place
        parts[name] = event[name].get("digest") or digest([event[name]["salt"], event[name]["value"]])
    node = hashlib.sha256(b"\0" + bytes.fromhex(digest(parts))).digest()
    for side, other in event["path"]:
        pair = bytes.fromhex(other) + node if side == "left" else node + bytes.fromhex(other)
        node = hashlib.sha256(b"\1" + pair).digest()
    return node.hex()

def verify(archive, key):
    names = archive.namelist()
    manifest, seal, record, audit = (json.loads(archive.read(f"{name}.json")) for name in FILES)
    public = key or seal["public"]
    claim(is_signed(public, archive.read("manifest.json"), seal["signature"]), f"the manifest was signed by {public}")
    hashes = {}
    for name in set(names) - {"manifest.json", "signature.json"}:
        with archive.open(name) as file:
            hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
    claim(hashes == manifest["files"] and len(names) == len(hashes) + 2, "the files are those of the manifest")
    for name in (name for name in hashes if name.startswith("original")):
        claim(hashes[name] == record["sha256"], f"the original is the file that was uploaded: SHA-256 {hashes[name]}")
    roots = {root["position"]: root["root"] for each in audit["anchors"] for root in [json.loads(each["statement"])]}
    signed = [is_signed(each["public"], each["statement"].encode(), each["signature"]) for each in audit["anchors"]]
    claim(signed and all(signed), f"the audit chain's anchors are signed: {sorted(roots)}")
    events = [event for event in audit["events"] if root_of(event) == roots.get(event["anchor"], "")]
    own = events == [event for event in audit["events"] if event["scan"] == record["scan"]] == audit["events"]
    claim(events and own, f"{len(audit['events'])} events are in the audit chain, up to a signed anchor")
    contents = [(event["kind"], event["content"].get("value", {})) for event in events]
    for name, kinds in (("assessment", ("analysed", "reassessed")), ("decision", ("decided", "held"))):
        for row in record[name + "s"]:
            recorded = [content for kind, content in contents if kind in kinds and content.get(name) == row["id"]]
            if recorded and "sha256" not in recorded[0]:
                print(f"NOTE {name} {row['id']} is older than the digests in the audit chain: nothing proves it")
                continue
            whole = all(digest(value) == row["statement"][part + "_sha256"] for part, value in row["details"].items())
            same = [content["sha256"] for content in recorded] == [digest(row["statement"])]
            claim(same and whole, f"{name} {row['id']} is what was recorded at {row['at']}")
    if "report.pdf" in hashes:
        issued = {"code": record["report"], "sha256": hashes["report.pdf"]}
        claim(("report", issued) in contents, "the report was issued as it is")

if __name__ == "__main__":
    with zipfile.ZipFile(sys.argv[1]) as bundle:
        verify(bundle, sys.argv[2].lower() if len(sys.argv) > 2 else "")
    sys.exit(not all(passed))
