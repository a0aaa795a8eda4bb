#!/usr/bin/env python3
"""Opens a container of Hybridge (docs/backup.md) with the `cryptography` package alone, version 48 or later.

    hybridge_open.py --identity FILE [--purpose "hybridge backup v1"] < SEALED > PLAIN
    hybridge_open.py --passphrase FILE [--purpose …] < SEALED > PLAIN

It shows that what is sealed does not need Hybridge to be opened. It takes X-Wing identities in their one-line form,
and passphrases. It holds everything in memory, and prints nothing unless all of it is sound.
"""

import argparse
import base64
import hashlib
import hmac
import sys

from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CHUNK = 65536 + 16


def unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def hkdf(salt: bytes, key: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt or None, info).derive(key)


def identity_seed(path: str) -> bytes:
    """The seed of an identity's line, with its checksum checked."""
    lines = [line.strip() for line in open(path, encoding="ascii") if line.startswith("HYBRIDGE-IDENTITY-X-WING:")]
    if len(lines) != 1:
        sys.exit("the file has not one line that begins with HYBRIDGE-IDENTITY-X-WING:")
    prefix, body = lines[0].rsplit(":", 1)
    seed, checksum = unbase64(body)[:-4], unbase64(body)[-4:]
    if hashlib.sha256(prefix.encode() + b":" + seed).digest()[:4] != checksum:
        sys.exit("the identity's checksum does not match")
    return seed


def x_wing(seed: bytes) -> hpke.MLKEM768X25519PrivateKey:
    """The private key of a seed (draft-connolly-cfrg-xwing-kem, expandDecapsulationKey)."""
    expanded = hashlib.shake_256(seed).digest(96)
    return hpke.MLKEM768X25519PrivateKey(
        mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
        x25519.X25519PrivateKey.from_private_bytes(expanded[64:]),
    )


def file_key(lines: list[str], seed_of, purpose: str) -> bytes:
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    info = b"hybridge-sealed/v1 file key\0" + purpose.encode()
    for line in lines:
        seed = seed_of(line.split(" ")[1:])
        if seed is None:
            continue
        enc, sealed = map(unbase64, line.split(" ")[-2:])
        try:
            return suite.decrypt(enc + sealed, x_wing(seed), info)
        except Exception:  # not for us: the next line may be
            continue
    sys.exit("nothing in the header opens with this")


def open_container(sealed: bytes, seed_of, purpose: str) -> bytes:
    end = sealed.index(b"\n---") + 4
    header, rest = sealed[:end], sealed[end:]
    tag, _, rest = rest.partition(b"\n")
    first, *lines = header.decode("ascii").split("\n")
    if first != "hybridge-sealed/v1" or tag[:1] != b" ":
        sys.exit("this is not a container of version 1")
    key = file_key(lines[:-1], seed_of, purpose)
    expected = hmac.digest(hkdf(b"", key, b"hybridge-sealed/v1 header"), header, "sha256")
    if not hmac.compare_digest(expected, unbase64(tag[1:].decode("ascii"))):
        sys.exit("the header was changed")
    body = AESGCM(hkdf(rest[:32], key, b"hybridge-sealed/v1 body"))
    chunks = [rest[at : at + CHUNK] for at in range(32, max(len(rest), 33), CHUNK)]
    nonces = (number.to_bytes(11, "big") + bytes([number == len(chunks) - 1]) for number in range(len(chunks)))
    return b"".join(body.decrypt(nonce, chunk, None) for nonce, chunk in zip(nonces, chunks))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    either = parser.add_mutually_exclusive_group(required=True)
    either.add_argument("--identity")
    either.add_argument("--passphrase")
    parser.add_argument("--purpose", default="hybridge backup v1")
    given = parser.parse_args()
    if given.identity:
        seed = identity_seed(given.identity)
        seed_of = lambda fields: seed if fields[0] == "x-wing" else None
    else:
        words = open(given.passphrase, "rb").read().rstrip(b"\n")

        def seed_of(fields):
            if fields[0] != "passphrase":
                return None
            memory, passes, lanes = map(int, fields[2:5])
            derive = Argon2id(salt=unbase64(fields[1]), length=32, iterations=passes, lanes=lanes, memory_cost=memory)
            return derive.derive(words)

    sys.stdout.buffer.write(open_container(sys.stdin.buffer.read(), seed_of, given.purpose))


if __name__ == "__main__":
    main()
