#!/usr/bin/env python3
"""Hybrid authenticated key exchange with a Hybridge service, in Python.

An independent client of docs/key-exchange.md: the standard library and the `cryptography` package
(>= 50) alone. It speaks the suites with X-Wing and with MLKEM1024-P384, trusts one pinned identity
(MLDSA65-Ed25519-SHA512), and believes nothing that is not in the signed transcript.

    hybridge_exchange.py https://keys.example.com --token-file token --identity identity.pem
    hybridge_exchange.py --check-vectors docs/key-exchange-vectors.json

Prints what was agreed, as JSON; no secret is among it. Exits with 1 where nothing was agreed.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import ipaddress
import json
import os
import ssl
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

MAGIC = b"HYKX"
VERSION = 1
INIT, ANSWER, RESPONSE, CONFIRM, REKEY, REKEYED, SEALED = range(1, 8)
SIGNATURE_CONTEXT = b"hybridge-exchange-v1 server"
WINDOW_MS = 60_000


class Refused(Exception):
    """Nothing was agreed, and why."""


# ---------------------------------------------------------------- KEMs


def combine(lattice: bytes, curve: bytes, ciphertext: bytes, share: bytes, label: bytes) -> bytes:
    """The combiner of X-Wing section 5.3 and of draft-irtf-cfrg-hybrid-kems."""
    digest = hashes.Hash(hashes.SHA3_256())
    for part in (lattice, curve, ciphertext, share, label):
        digest.update(part)
    return digest.finalize()


def stretch(seed: bytes, length: int) -> bytes:
    return hashlib.shake_256(seed).digest(length)


class XWing:
    """draft-connolly-cfrg-xwing-kem-11."""

    code, lattice_ciphertext, label = 0x647A, 1088, b"\\.//^\\"

    def __init__(self, seed: bytes) -> None:
        expanded = stretch(seed, 96)
        self.lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        self.curve = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
        self.share = self.curve.public_key().public_bytes_raw()

    def agree(self, share: bytes) -> bytes:
        return self.curve.exchange(x25519.X25519PublicKey.from_public_bytes(share))

    def public_key(self) -> bytes:
        return self.lattice.public_key().public_bytes_raw() + self.share

    def decapsulate(self, ciphertext: bytes) -> bytes:
        lattice, share = ciphertext[: self.lattice_ciphertext], ciphertext[self.lattice_ciphertext :]
        return combine(self.lattice.decapsulate(lattice), self.agree(share), share, self.share, self.label)


class MlKem1024P384(XWing):
    """draft-irtf-cfrg-concrete-hybrid-kems-02."""

    code, lattice_ciphertext, label = 0x0051, 1568, b"MLKEM1024-P384"
    ORDER = int(
        "ffffffffffffffffffffffffffffffffffffffffffffffff"
        "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        16,
    )

    def __init__(self, seed: bytes) -> None:
        expanded = stretch(seed, 64 + 48)
        self.lattice = mlkem.MLKEM1024PrivateKey.from_seed_bytes(expanded[:64])
        scalar = int.from_bytes(expanded[64:], "big")
        if not 0 < scalar < self.ORDER:
            raise Refused("a seed without a scalar; draw another one")
        self.curve = ec.derive_private_key(scalar, ec.SECP384R1())
        self.share = self.curve.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    def agree(self, share: bytes) -> bytes:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), share)
        return self.curve.exchange(ec.ECDH(), point)


# ---------------------------------------------------------------- suites


@dataclass(frozen=True)
class Suite:
    name: str
    code: tuple[int, int, int]
    kem: type[XWing]
    hash: type[hashes.HashAlgorithm]
    aead: type

    @property
    def length(self) -> int:
        return self.hash.digest_size


SUITES = [
    Suite("X-Wing/HKDF-SHA-256/AES-256-GCM", (0x647A, 1, 2), XWing, hashes.SHA256, AESGCM),
    Suite("X-Wing/HKDF-SHA-256/ChaCha20-Poly1305", (0x647A, 1, 3), XWing, hashes.SHA256, ChaCha20Poly1305),
    Suite("MLKEM1024-P384/HKDF-SHA-384/AES-256-GCM", (0x0051, 2, 2), MlKem1024P384, hashes.SHA384, AESGCM),
    Suite(
        "MLKEM1024-P384/HKDF-SHA-384/ChaCha20-Poly1305", (0x0051, 2, 3), MlKem1024P384, hashes.SHA384, ChaCha20Poly1305
    ),
]


# ---------------------------------------------------------------- bytes


class Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.offset = data, 0

    def take(self, length: int) -> bytes:
        taken = self.data[self.offset : self.offset + length]
        if len(taken) != length:
            raise Refused(f"byte {self.offset}: the message ends too early")
        self.offset += length
        return taken

    def number(self, length: int) -> int:
        return int.from_bytes(self.take(length), "big")

    def short(self) -> bytes:
        return self.take(self.number(1))

    def long(self) -> bytes:
        return self.take(self.number(2))

    def header(self, kind: int) -> Reader:
        if self.take(6) != header(kind):
            raise Refused(f"not a message of kind {kind} of version {VERSION}")
        return self

    def finish(self) -> None:
        if self.offset != len(self.data):
            raise Refused(f"byte {self.offset}: the message goes on after its end")


def header(kind: int) -> bytes:
    return MAGIC + bytes([VERSION, kind])


def short(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def long(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


# ---------------------------------------------------------------- key schedule


def hashed(suite: Suite, *parts: bytes) -> bytes:
    digest = hashes.Hash(suite.hash())
    for part in parts:
        digest.update(part)
    return digest.finalize()


def mac(suite: Suite, key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, suite.hash.name)


def extract(suite: Suite, salt: bytes, secret: bytes) -> bytes:
    return HKDF.extract(suite.hash(), salt or bytes(suite.length), secret)


def expand_label(suite: Suite, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    info = struct.pack(">H", length) + short(b"hybridge1 " + label) + short(context)
    return HKDFExpand(suite.hash(), length, info).derive(secret)


class Epoch:
    """The keys of one epoch, on the client's side."""

    def __init__(self, suite: Suite, number: int, secret: bytes, transcript: bytes) -> None:
        def derive(label: bytes, length: int) -> bytes:
            return expand_label(suite, secret, label, b"", length)

        self.number, self.transcript, self.next, self.seen = number, transcript, 0, set()
        self.send = (suite.aead(derive(b"c key", 32)), derive(b"c iv", 12))
        self.receive = (suite.aead(derive(b"s key", 32)), derive(b"s iv", 12))
        self.exporter = derive(b"exporter", suite.length)
        self.rekey = derive(b"rekey", suite.length)
        self.rekey_auth = derive(b"rekey auth", suite.length)


def nonce(mask: bytes, sequence: int) -> bytes:
    return (int.from_bytes(mask, "big") ^ sequence).to_bytes(12, "big")


class Session:
    """An agreed session, on the client's side."""

    def __init__(self, suite: Suite, session: bytes, facts: dict, epoch: Epoch) -> None:
        self.suite, self.session, self.facts, self.epoch = suite, session, facts, epoch

    def bound(self, direction: int, head: bytes, aad: bytes) -> bytes:
        return header(SEALED) + self.session + bytes([direction]) + head + aad

    def seal(self, aad: bytes, plaintext: bytes) -> bytes:
        (key, mask), sequence = self.epoch.send, self.epoch.next
        self.epoch.next += 1
        head = struct.pack(">IQ", self.epoch.number, sequence)
        return head + key.encrypt(nonce(mask, sequence), plaintext, self.bound(1, head, aad))

    def open(self, aad: bytes, sealed: bytes) -> bytes:
        if len(sealed) < 28:
            raise Refused("a sealed message has at least 28 bytes")
        head = sealed[:12]
        epoch, sequence = struct.unpack(">IQ", head)
        if epoch != self.epoch.number or sequence in self.epoch.seen:
            raise Refused("a message of another epoch, or one that was opened before")
        key, mask = self.epoch.receive
        try:
            plaintext = key.decrypt(nonce(mask, sequence), sealed[12:], self.bound(2, head, aad))
        except InvalidTag:
            raise Refused("the message does not open") from None
        self.epoch.seen.add(sequence)
        return plaintext

    def export(self, label: bytes, context: bytes, length: int) -> bytes:
        suite = self.suite
        derived = expand_label(suite, self.epoch.exporter, label, hashed(suite), suite.length)
        return expand_label(suite, derived, b"exporter", hashed(suite, context), length)

    def rekey(self, key: XWing, random: bytes) -> bytes:
        """The Rekey message for a fresh key pair."""
        suite = self.suite
        said = header(REKEY) + self.session + struct.pack(">I", self.epoch.number + 1) + random
        said += long(key.public_key())
        tag_key = expand_label(suite, self.epoch.rekey_auth, b"c rekey", b"", suite.length)
        return said + short(mac(suite, tag_key, said))

    def rekeyed(self, key: XWing, rekey: bytes, answer: bytes) -> None:
        suite, reader = self.suite, Reader(answer).header(REKEYED)
        session, number, _ = reader.take(16), reader.number(4), reader.take(32)
        ciphertext = reader.long()
        said = answer[: reader.offset]
        tag = reader.short()
        reader.finish()
        if session != self.session or number != self.epoch.number + 1:
            raise Refused("an answer for another session or epoch")
        transcript = hashed(suite, hashed(suite, self.epoch.transcript, rekey), said)
        secret = extract(suite, self.epoch.rekey, key.decapsulate(ciphertext))
        finished = expand_label(suite, secret, b"s rekey finished", transcript, suite.length)
        if not hmac.compare_digest(mac(suite, finished, transcript), tag):
            raise Refused("the server did not confirm the new keys")
        transcript = hashed(suite, transcript, tag)
        epoch = expand_label(suite, secret, b"epoch", transcript, suite.length)
        self.epoch = Epoch(suite, number, epoch, transcript)


# ---------------------------------------------------------------- identity


class Identity:
    """A pinned MLDSA65-Ed25519-SHA512 key (draft-ietf-lamps-pq-composite-sigs-19)."""

    SPKI = bytes.fromhex("308207d1300a06082b06010505070630038207c100")
    PREFIX, LABEL = b"CompositeAlgorithmSignatures2025", b"COMPSIG-MLDSA65-Ed25519-SHA512"

    def __init__(self, text: bytes) -> None:
        spki = self.decode(text)
        if not spki.startswith(self.SPKI) or len(spki) != len(self.SPKI) + 1952 + 32:
            raise Refused("the identity is not an MLDSA65-Ed25519-SHA512 public key (SPKI in PEM, hex or DER)")
        raw = spki[len(self.SPKI) :]
        self.lattice = mldsa.MLDSA65PublicKey.from_public_bytes(raw[:1952])
        self.curve = ed25519.Ed25519PublicKey.from_public_bytes(raw[1952:])
        self.id = hashlib.sha256(spki).digest()

    @staticmethod
    def decode(text: bytes) -> bytes:
        if text[:1] == b"0" and text[1:2] == b"\x82":
            return text
        lines = text.decode("ascii", "replace").split("\n")
        body = "".join(line.strip() for line in lines if not line.startswith("-----"))
        try:
            return base64.b64decode(body, validate=True) if "-----" in lines[0] else bytes.fromhex(body)
        except ValueError:
            raise Refused("the identity is neither PEM nor hexadecimal") from None

    def verify(self, message: bytes, context: bytes, signature: bytes) -> None:
        digest = hashlib.sha512(message).digest()
        representative = self.PREFIX + self.LABEL + short(context) + digest
        try:
            self.lattice.verify(signature[:3309], representative, self.LABEL)
            self.curve.verify(signature[3309:], representative)
        except InvalidSignature:
            raise Refused("the server's signature does not hold over what was said") from None


# ---------------------------------------------------------------- exchange


def init(suites: list[Suite], keys: list[XWing], identity: bytes, said: dict) -> bytes:
    message = header(INIT) + said["nonce"] + struct.pack(">Q", said["time"])
    message += bytes([len(suites)]) + b"".join(struct.pack(">HHH", *suite.code) for suite in suites)
    message += bytes([len(keys)])
    for key in keys:
        message += struct.pack(">H", key.code) + long(key.public_key())
    return message + short(identity) + long(said["context"])


def finish(message: bytes, keys: list[XWing], response: bytes, trust: dict) -> tuple[bytes, Session]:
    """Checks the server's response and returns the Confirm message and the session."""
    reader = Reader(response).header(RESPONSE)
    answer, signature, confirmation = reader.long(), reader.long(), reader.short()
    reader.finish()
    said = Reader(answer).header(ANSWER)
    session, _, server_time = said.take(16), said.take(32), said.number(8)
    expires, code = said.number(8), struct.unpack(">HHH", said.take(6))
    ciphertext, identity = said.long(), said.take(32)
    caller, exception, context = said.short(), said.short(), said.long()
    said.finish()
    if identity != trust["identity"].id:
        raise Refused(f"the server signs as {identity.hex()}, which is not the pinned identity")
    signed = struct.pack(">I", len(message)) + message + struct.pack(">I", len(answer)) + answer
    trust["identity"].verify(signed, SIGNATURE_CONTEXT, signature)
    suite = next((suite for suite in trust["suites"] if suite.code == code), None)
    key = suite and next((key for key in keys if key.code == code[0]), None)
    if not key:
        raise Refused("the server chose a suite that was not offered or has no share")
    if exception:
        raise Refused("the server names an exception beside a hybrid suite")
    if trust["caller"] is not None and caller != trust["caller"].encode():
        raise Refused(f"the server knows this client as {caller.decode()!r}")
    if expires <= trust["now"]:
        raise Refused("the session has already expired; compare the clocks")
    secret = extract(suite, b"", key.decapsulate(ciphertext))
    transcript = hashed(suite, b"hybridge key exchange, version 1")
    transcript = hashed(suite, hashed(suite, transcript, message), answer)
    server, client = (expand_label(suite, secret, label, transcript, suite.length) for label in FINISHED)
    transcript = hashed(suite, transcript, signature)
    if not hmac.compare_digest(mac(suite, server, transcript), confirmation):
        raise Refused("the server did not confirm the keys")
    transcript = hashed(suite, transcript, confirmation)
    ours = mac(suite, client, transcript)
    transcript = hashed(suite, transcript, ours)
    epoch = expand_label(suite, secret, b"epoch", transcript, suite.length)
    facts = {
        "suite": suite.name,
        "session": session.hex(),
        "expires": rfc3339(expires),
        "server_time": rfc3339(server_time),
        "identity": identity.hex(),
        "caller": caller.decode(),
        "server_context": context.hex(),
        "hybrid": True,
    }
    confirm = header(CONFIRM) + session + short(ours)
    return confirm, Session(suite, session, facts, Epoch(suite, 0, epoch, transcript))


FINISHED = (b"s finished", b"c finished")


def rfc3339(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:03d}Z"


# ---------------------------------------------------------------- HTTP


class Problem(Refused):
    def __init__(self, status: int, members: dict) -> None:
        super().__init__(f"{members.get('detail', 'the service refused')} ({status} {members.get('code', '')})")
        self.code, self.members = members.get("code"), members


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirection would carry the token elsewhere."""

    def redirect_request(self, *_arguments: object) -> None:
        return None


class Service:
    def __init__(self, url: str, token: str | None, ca_file: str | None) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise Refused("only https://, or http:// on this machine")
        context = ssl.create_default_context(cafile=ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        handlers = [NoRedirect(), urllib.request.HTTPSHandler(context=context), urllib.request.ProxyHandler({})]
        self.url, self.token, self.opener = url.rstrip("/"), token, urllib.request.build_opener(*handlers)

    def post(self, path: str, name: str, message: bytes) -> dict:
        encoded = base64.urlsafe_b64encode(message).rstrip(b"=").decode()
        request = urllib.request.Request(self.url + path, json.dumps({name: encoded}).encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with self.opener.open(request, timeout=30) as response:
                return json.loads(response.read(1 << 20) or b"{}")
        except urllib.error.HTTPError as error:
            try:
                members = json.loads(error.read(1 << 20))
            except ValueError:
                members = {}
            raise Problem(error.code, members if isinstance(members, dict) else {}) from None
        except (urllib.error.URLError, ValueError) as error:
            raise Refused(f"the service did not answer: {error}") from None

    def message(self, path: str, names: tuple[str, str], message: bytes) -> bytes:
        text = self.post(path, names[0], message).get(names[1], "")
        try:
            return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (TypeError, ValueError):
            raise Refused(f"the answer has no {names[1]!r} in base64url") from None


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def exchange(service: Service, identity: Identity, caller: str | None) -> Session:
    wanted = SUITES[0]
    for attempt in range(2):
        keys = [wanted.kem(os.urandom(32))]
        now = time.time_ns() // 1_000_000
        said = {"nonce": os.urandom(32), "time": now, "context": b""}
        message = init(SUITES, keys, identity.id, said)
        try:
            response = service.message("/v1/key-exchange", ("init", "response"), message)
        except Problem as problem:
            named = [suite for suite in SUITES if suite.name == problem.members.get("suite")]
            if attempt or problem.code != "suite_required" or not named or named[0].kem is wanted.kem:
                raise
            wanted = named[0]
            continue
        later = time.time_ns() // 1_000_000
        if abs(later - now) > WINDOW_MS:
            raise Refused("the answer came too late; start again")
        trust = {"identity": identity, "suites": SUITES, "caller": caller, "now": later}
        confirm, session = finish(message, keys, response, trust)
        service.post(f"/v1/key-exchange/{session.session.hex()}/confirm", "confirm", confirm)
        return session
    raise Refused("the service asked for another share twice")


def rekey(service: Service, session: Session) -> None:
    key = session.suite.kem(os.urandom(32))
    message = session.rekey(key, os.urandom(32))
    answer = service.message(f"/v1/sessions/{session.session.hex()}/rekey", ("rekey", "rekeyed"), message)
    session.rekeyed(key, message, answer)


# ---------------------------------------------------------------- vectors


def check_vectors(path: str) -> dict:
    """Every vector whose suite this script speaks; raises where anything differs."""
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)["vectors"]
    spoken = [(suite, vector) for vector in vectors for suite in SUITES if suite.name == vector["suite"]]
    checked = {suite.name: check_vector(suite, vector) for suite, vector in spoken}
    if len(checked) < 2:
        raise Refused("fewer than two vectors are of suites that this script speaks")
    return {"checked": checked, "skipped": len(vectors) - len(checked)}


def check_vector(suite: Suite, vector: dict) -> dict:
    def read(name: str) -> bytes:
        return bytes.fromhex(vector[name])

    identity, key = Identity(vector["identity_spki"].encode()), suite.kem(read("client_seed"))
    same(identity.id, read("identity_id"), "identity id")
    offer = {"nonce": b"\x22" * 32, "time": vector["now"], "context": b"client context"}
    same(init([suite], [key], identity.id, offer), read("init"), "init")
    trust = {"identity": identity, "suites": [suite], "caller": vector["caller"], "now": vector["now"]}
    confirm, session = finish(read("init"), [key], read("response"), trust)
    same(confirm, read("confirm"), "confirm")
    same(session.session, read("session"), "session")
    messages = check_epoch(session, vector["use"]["epoch_0"])
    renewed = {name: bytes.fromhex(vector["use"]["rekey"][name]) for name in ("client_seed", "rekey", "rekeyed")}
    fresh = suite.kem(renewed["client_seed"])
    same(session.rekey(fresh, b"\x44" * 32), renewed["rekey"], "rekey")
    session.rekeyed(fresh, renewed["rekey"], renewed["rekeyed"])
    messages += check_epoch(session, vector["use"]["epoch_1"])
    for case in vector["refused"]:
        altered = bytearray(read("response"))
        altered[case["offset"]] ^= case["xor"]
        must_refuse(lambda: finish(read("init"), [key], bytes(altered), trust), case["what"])
    return {"messages": messages, "refused": len(vector["refused"])}


def check_epoch(session: Session, epoch: dict) -> int:
    for case in epoch["exports"]:
        exported = bytes.fromhex(case["exported"])
        ours = session.export(case["label"].encode(), bytes.fromhex(case["context"]), len(exported))
        same(ours, exported, "export")
    for case in epoch["messages"]:
        aad, plaintext, sealed = (bytes.fromhex(case[name]) for name in ("aad", "plaintext", "sealed"))
        if case["from"] == "client":
            same(session.seal(aad, plaintext), sealed, "sealed message")
        else:
            same(session.open(aad, sealed), plaintext, "opened message")
            must_refuse(lambda: session.open(aad, sealed), "a message opened twice")
    return len(epoch["messages"])


def same(ours: bytes, theirs: bytes, what: str) -> None:
    if ours != theirs:
        raise Refused(f"{what} differs from the vector")


def must_refuse(attempt: object, what: str) -> None:
    try:
        attempt()
    except (Refused, ValueError):
        return
    raise Refused(f"an altered {what} was accepted")


# ---------------------------------------------------------------- command line


def main() -> int:
    summary = __doc__.partition("\n")[0]
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("url", nargs="?", help="the service, https://host:port")
    parser.add_argument("--identity", metavar="FILE", help="the pinned public key: SPKI in PEM, DER or hexadecimal")
    parser.add_argument("--token-file", metavar="FILE", help="a file with the bearer token")
    parser.add_argument("--ca-file", metavar="FILE", help="authorities for TLS; the system's without it")
    parser.add_argument("--caller", help="the name under which the service must know this client")
    parser.add_argument("--rekey", action="store_true", help="re-key the session once")
    parser.add_argument("--check-vectors", metavar="FILE", help="check the published vectors and exit")
    arguments = parser.parse_args()
    if not arguments.check_vectors and not (arguments.url and arguments.identity):
        parser.error("a URL and --identity are needed, or --check-vectors")
    try:
        print(json.dumps(run(arguments), indent=2))
    except (Refused, OSError, ValueError) as error:
        print(f"hybridge_exchange: {error}", file=sys.stderr)
        return 1
    return 0


def run(arguments: argparse.Namespace) -> dict:
    if arguments.check_vectors:
        return check_vectors(arguments.check_vectors)
    token = None
    if arguments.token_file:
        with open(arguments.token_file, encoding="ascii") as file:
            token = file.read().strip()
    with open(arguments.identity, "rb") as file:
        identity = Identity(file.read())
    service = Service(arguments.url, token, arguments.ca_file)
    session = exchange(service, identity, arguments.caller)
    if arguments.rekey:
        rekey(service, session)
    return session.facts | {"epoch": session.epoch.number}


if __name__ == "__main__":
    sys.exit(main())
