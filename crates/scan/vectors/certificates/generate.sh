#!/bin/sh
# Makes the certificates of this folder with OpenSSL 3.5 or newer. Usage: ./generate.sh [OPENSSL]
# The keys are thrown away: nothing here can sign anything.
set -eu
openssl=${1:-openssl}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

self_signed() { # NAME ALGORITHM-OPTIONS... -- REQUEST-OPTIONS...
  name=$1; shift
  algorithm=""
  while [ "$1" != "--" ]; do algorithm="$algorithm $1"; shift; done
  shift
  # shellcheck disable=SC2086
  "$openssl" genpkey $algorithm -out "$name.key"
  "$openssl" req -x509 -new -key "$name.key" -subj "/O=Hybridge vectors/CN=$name" \
    -not_before 20260101000000Z -not_after 20270101000000Z -outform DER -out "$here/$name.der" "$@"
}

self_signed rsa-2048-sha1 -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -- -sha1
self_signed rsa-1024-pss -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -- -sha256 -sigopt rsa_padding_mode:pss
self_signed ed25519 -algorithm ED25519 --
self_signed ml-dsa-65 -algorithm ML-DSA-65 --
self_signed slh-dsa-sha2-128s -algorithm SLH-DSA-SHA2-128s --

self_signed authority -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -- -sha384
"$openssl" x509 -inform DER -in "$here/authority.der" -out authority.pem
"$openssl" genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out leaf.key
"$openssl" req -x509 -new -key leaf.key -CA authority.pem -CAkey authority.key -sha384 -subj "/CN=leaf" \
  -addext "basicConstraints=critical,CA:FALSE" \
  -addext "subjectAltName=DNS:server.example,DNS:*.wild.example,IP:192.0.2.7,IP:2001:db8::7,email:a@b.example" \
  -not_before 20260101000000Z -not_after 20270101000000Z -outform DER -out "$here/leaf.der"
