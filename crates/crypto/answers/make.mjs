// Makes the known answers of `hybridge selftest` with implementations that are not ours:
// @noble/post-quantum and @noble/curves in JavaScript, OpenSSL (through Node) for RSA, and the published
// vectors of draft-ietf-lamps-pq-composite-sigs-19 for composites.
//
//   npm install @noble/post-quantum@0.7.1 @noble/curves @noble/hashes
//   node make.mjs PATH/TO/composite-ml-dsa/testvectors.json
//
// It writes the large values beside itself and the two tables ../src/selftest/answers/{kem,signature}.rs.
// RSA keys are made afresh and thrown away; everything else comes from fixed seeds and can be made again.
import { createHash, createSign, constants, generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha384 } from "@noble/hashes/sha2.js";
import { sha3_256, shake256 } from "@noble/hashes/sha3.js";
import { ml_kem512, ml_kem768, ml_kem1024 } from "@noble/post-quantum/ml-kem.js";
import { ml_dsa44, ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";
import * as slh from "@noble/post-quantum/slh-dsa.js";

const here = dirname(fileURLToPath(import.meta.url));
const text = (string) => new TextEncoder().encode(string);
const join_ = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const seed = (name, length) => shake256(text(`hybridge known answer: ${name}`), { dkLen: length });
const digest = (bytes) => hex(createHash("sha256").update(bytes).digest());
const stem = (name) => name.toLowerCase();

const MESSAGE = text("the message of the known answer");
const CONTEXT = text("hybridge");

const put = (file, bytes) => writeFileSync(join(here, file), bytes);
const small = (bytes) => `&hex::<${bytes.length}>(\n            "${hex(bytes)}",\n        )`;

// --- KEMs

const NIST = [
  ["P-256", p256, sha256, 32, 0x0010],
  ["P-384", p384, sha384, 48, 0x0011],
];

function labeled(hash, suite, salt, label, input) {
  return hmac(hash, salt, join_(text("HPKE-v1"), suite, text(label), input));
}

// RFC 9180 section 4.1, ExtractAndExpand; one block is enough for every hash used here.
function extractAndExpand(hash, id, shared, context, length) {
  const suite = join_(text("KEM"), [id >> 8, id & 255]);
  const key = labeled(hash, suite, new Uint8Array(), "eae_prk", shared);
  const info = join_([0, length], text("HPKE-v1"), suite, text("shared_secret"), context);
  return hmac(hash, key, join_(info, [1])).slice(0, length);
}

function dhkem(name, id, hash, agree, publicOf, [own, ephemeral], length) {
  const pub = publicOf(own);
  const ciphertext = publicOf(ephemeral);
  const shared = agree(ephemeral, pub);
  return { name, private: own, pub, ciphertext,
    secret: extractAndExpand(hash, id, shared, join_(ciphertext, pub), length) };
}

function ml(name, kem) {
  const own = seed(name, 64);
  const keys = kem.keygen(own);
  const { cipherText, sharedSecret } = kem.encapsulate(keys.publicKey, seed(`${name} m`, 32));
  return { name, private: own, pub: keys.publicKey, ciphertext: cipherText, secret: sharedSecret,
    rejected: kem.decapsulate(flipped(cipherText), keys.secretKey) };
}

function flipped(ciphertext) {
  const changed = Uint8Array.from(ciphertext);
  changed[0] ^= 1;
  return changed;
}

// draft-irtf-cfrg-concrete-hybrid-kems-02: SHAKE256 of the seed gives both private keys in turn; the secret
// is SHA3-256(ss_PQ, ss_T, ct_T, ek_T, label), ss_T the x coordinate.
function hybrid(name, kem, curve, label) {
  const own = seed(name, 32);
  const stretched = shake256(own, { dkLen: 64 + curve.seed });
  const keys = kem.keygen(stretched.slice(0, 64));
  const scalar = curve.scalar(stretched.slice(64));
  const ephemeral = curve.scalar(seed(`${name} ephemeral`, curve.seed));
  const [ekT, ctT] = [curve.publicOf(scalar), curve.publicOf(ephemeral)];
  const ssT = curve.agree(scalar, ctT);
  const { cipherText, sharedSecret } = kem.encapsulate(keys.publicKey, seed(`${name} m`, 32));
  const combine = (ssPQ) => sha3_256(join_(ssPQ, ssT, ctT, ekT, text(label)));
  return { name, private: own, pub: join_(keys.publicKey, ekT), ciphertext: join_(cipherText, ctT),
    secret: combine(sharedSecret),
    rejected: combine(kem.decapsulate(flipped(cipherText), keys.secretKey)) };
}

const montgomery = { seed: 32, scalar: (bytes) => bytes, publicOf: (own) => x25519.getPublicKey(own),
  agree: (own, share) => x25519.getSharedSecret(own, share) };
const weierstrass = (curve, length, seedLength) => ({
  seed: seedLength,
  scalar: (bytes) => bytes.slice(0, length), // the first candidate is in range but for 1 in 2^32
  publicOf: (own) => curve.getPublicKey(own, false),
  agree: (own, share) => curve.getSharedSecret(own, share, true).slice(1),
});

function kems() {
  const xs = [seed("X25519", 32), seed("X25519 ephemeral", 32)];
  const rows = [
    ml("ML-KEM-512", ml_kem512), ml("ML-KEM-768", ml_kem768), ml("ML-KEM-1024", ml_kem1024),
    dhkem("X25519", 0x0020, sha256, montgomery.agree, montgomery.publicOf, xs, 32),
  ];
  for (const [name, curve, hash, length, id] of NIST) {
    const { agree, publicOf } = weierstrass(curve, length, length);
    const scalars = [seed(name, length), seed(`${name} ephemeral`, length)];
    rows.push(dhkem(name, id, hash, agree, publicOf, scalars, length));
  }
  rows.push(hybrid("X-Wing", ml_kem768, montgomery, "\\.//^\\"));
  rows.push(hybrid("MLKEM768-P256", ml_kem768, weierstrass(p256, 32, 128), "MLKEM768-P256"));
  rows.push(hybrid("MLKEM1024-P384", ml_kem1024, weierstrass(p384, 48, 48), "MLKEM1024-P384"));
  return rows;
}

function kemRow(row) {
  put(`${stem(row.name)}.ct`, row.ciphertext);
  const rejected = row.rejected ? `Some(${small(row.rejected)})` : "None";
  return `    Kem {
        name: "${row.name}",
        private: ${small(row.private)},
        public_sha256: hex("${digest(row.pub)}"),
        ciphertext: include_bytes!("../../../answers/${stem(row.name)}.ct"),
        secret: ${small(row.secret)},
        rejected: ${rejected},
    },\n`;
}

// --- Signatures

function mlDsa(name, scheme) {
  const own = seed(name, 32);
  const keys = scheme.keygen(own);
  const signature = scheme.sign(MESSAGE, keys.secretKey, { context: CONTEXT, extraEntropy: false });
  return { name, private: own, pub: keys.publicKey, signature, context: true };
}

function slhDsa(name) {
  const scheme = slh[name.toLowerCase().replaceAll("-", "_")];
  const keys = scheme.keygen(seed(name, scheme.lengths.seed));
  const signature = scheme.sign(MESSAGE, keys.secretKey, { context: CONTEXT, extraEntropy: false });
  return { name, pub: keys.publicKey, signature, context: true };
}

function ecdsa(name, curve, length) {
  const own = seed(name, length);
  if (length === 66) own[0] = 0; // 521 bits
  const signature = curve.sign(MESSAGE, own, { prehash: true, format: "der", lowS: false });
  return { name, private: own, pub: curve.getPublicKey(own, false), signature };
}

function rsas() {
  const rows = [];
  for (const bits of [2048, 3072, 4096]) {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
    const pub = publicKey.export({ type: "pkcs1", format: "der" });
    for (const padding of ["PSS", "PKCS15"]) {
      for (const hash of ["SHA256", "SHA384", "SHA512"]) {
        const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
        const options = padding === "PSS" ? pss : { padding: constants.RSA_PKCS1_PADDING };
        const signature = createSign(hash).update(MESSAGE).sign({ key: privateKey, ...options });
        rows.push({ name: `RSA${bits}-${padding}-${hash}`, pub, pubFile: `rsa${bits}.pk`, signature });
      }
    }
  }
  return rows;
}

function composites(path) {
  const vectors = JSON.parse(readFileSync(path));
  const bytes = (field) => Buffer.from(field, "base64");
  return vectors.tests
    .filter(({ tcId }) => /^id-MLDSA/.test(tcId) && !/brainpool|Ed448/.test(tcId))
    .map((test) => ({ name: test.tcId.slice(3), pub: bytes(test.pk), signature: bytes(test.sWithContext),
      private: /RSA/.test(test.tcId) ? undefined : bytes(test.sk),
      vector: { message: bytes(vectors.m), context: bytes(vectors.ctx) } }));
}

function signatures(path) {
  const sets = ["SHA2", "SHAKE"].flatMap((family) => ["128", "192", "256"].flatMap((size) =>
    ["s", "f"].map((speed) => `SLH-DSA-${family}-${size}${speed}`)));
  const own = seed("Ed25519", 32);
  return [
    mlDsa("ML-DSA-44", ml_dsa44), mlDsa("ML-DSA-65", ml_dsa65), mlDsa("ML-DSA-87", ml_dsa87),
    ...sets.map(slhDsa),
    { name: "Ed25519", private: own, pub: ed25519.getPublicKey(own), signature: ed25519.sign(MESSAGE, own) },
    ecdsa("ECDSA-P-256", p256, 32), ecdsa("ECDSA-P-384", p384, 48), ecdsa("ECDSA-P-521", p521, 66),
    ...rsas(), ...composites(path),
  ];
}

function signatureRow(row) {
  const pubFile = row.pubFile ?? `${stem(row.name)}.pk`;
  put(pubFile, row.pub);
  put(`${stem(row.name)}.sig`, row.signature);
  const message = row.vector ? "COMPOSITE_MESSAGE" : "MESSAGE";
  const context = row.vector ? "COMPOSITE_CONTEXT" : row.context ? "CONTEXT" : 'b""';
  return `    Signature {
        name: "${row.name}",
        private: ${row.private ? `Some(${small(row.private)})` : "None"},
        public: include_bytes!("../../../answers/${pubFile}"),
        message: ${message},
        context: ${context},
        signature: include_bytes!("../../../answers/${stem(row.name)}.sig"),
    },\n`;
}

// --- Tables

const head = (what) => `//! Known answers of ${what}; made by \`answers/make.mjs\`, which names its sources.
//!
//! Do not edit: run the script. Large values are files beside it.

`;
const table = (file, body) => writeFileSync(join(here, "../src/selftest/answers", file), body);

table("kem.rs", `${head("every KEM")}use super::{Kem, hex};

pub(super) static TABLE: &[Kem] = &[
${kems().map(kemRow).join("")}];
`);

const rows = signatures(process.argv[2]);
const { message, context } = rows.at(-1).vector;
table("signature.rs", `${head("every signature algorithm")}use super::{Signature, hex};

const MESSAGE: &[u8] = b"${Buffer.from(MESSAGE)}";
const CONTEXT: &[u8] = b"${Buffer.from(CONTEXT)}";
const COMPOSITE_MESSAGE: &[u8] = ${small(message)};
const COMPOSITE_CONTEXT: &[u8] = ${small(context)};

pub(super) static TABLE: &[Signature] = &[
${rows.map(signatureRow).join("")}];
`);
