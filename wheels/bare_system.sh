#!/bin/sh
# Lays a Debian with Python and pip, and nothing else, into a new folder; wants root and debootstrap.
# Exit code 77: cannot be done here, and the one line printed says why.
# usage: wheels/bare_system.sh FOLDER CACHE MIRROR [SUITE]
set -eu
folder=$1 cache=$2 mirror=$3 suite=${4:-bookworm}

skip() { echo "bare system: $*" >&2; exit 77; }

[ "$(id -u)" = 0 ] || skip "wants root"
PATH=$PATH:/usr/sbin:/sbin
tar=$cache/bare-$suite.tar
if [ ! -f "$tar" ]; then
  command -v debootstrap >/dev/null || skip "debootstrap is not installed"
  [ -n "$mirror" ] || skip "this system is not Debian, so no mirror is known"
  echo "bare system: debootstrap $suite (once)" >&2
  mkdir -p "$folder"
  debootstrap --variant=minbase --include=python3,python3-pip,ca-certificates "$suite" "$folder" "$mirror" \
    >"$cache/bare-$suite.log" 2>&1 || { tail -5 "$cache/bare-$suite.log" >&2; skip "debootstrap failed"; }
  rm -rf "$folder"/var/cache/apt/archives/*.deb "$folder"/var/lib/apt/lists/*
  tar -C "$folder" -cf "$tar.partial" .
  mv "$tar.partial" "$tar"
else
  mkdir -p "$folder"
  tar -C "$folder" -xpf "$tar"
fi
