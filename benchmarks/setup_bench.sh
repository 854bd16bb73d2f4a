#!/bin/sh
# Adds to .venv what the benchmarks compare pyinet with, and compiles floor.c. Quick the second time.
# pycurl is built from source: its wheels carry a libcurl of their own, and then libcurl is what one compares.
# usage: benchmarks/setup_bench.sh [VENV]
set -eu
cd "$(dirname "$0")/.."
venv=${1:-.venv}

fail() { echo "setup_bench: $*" >&2; exit 1; }

[ -x "$venv/bin/python" ] || fail "no $venv: run make setup first"
command -v curl >/dev/null || fail "no curl to compare with: install curl"
pip="$venv/bin/python -m pip install -qq --disable-pip-version-check"

"$venv/bin/python" -c 'import aiohttp, certifi, cffi, idna, pyreqwest, requests, trustme, urllib3, uvloop' 2>/dev/null ||
  $pip aiohttp certifi cffi idna pyreqwest requests trustme urllib3 uvloop
if ! "$venv/bin/python" -c 'import pycurl' 2>/dev/null; then
  printf '#include <openssl/ssl.h>\n' | "${CC:-cc}" -E - >/dev/null 2>&1 || fail "no openssl/ssl.h: install libssl-dev"
  PYCURL_SSL_LIBRARY=openssl $pip --no-binary pycurl --no-cache-dir pycurl
fi

mkdir -p build/bench
if [ ! build/bench/floor -nt benchmarks/floor.c ]; then
  "${CC:-cc}" -O2 -std=c11 -D_GNU_SOURCE -Wall -Wextra -o build/bench/floor benchmarks/floor.c -lcurl
fi
