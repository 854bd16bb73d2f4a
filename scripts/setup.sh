#!/bin/sh
# Makes .venv ready to build and test pyinet: system packages when they are missing and we are root, else one
# line saying what to install; then the environment with pyinet itself, editable. Safe to run any number of times.
# usage: scripts/setup.sh [PYTHON]
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3}
venv=.venv

fail() { echo "setup: $*" >&2; exit 1; }

command -v "$python" >/dev/null || fail "$python not found: install Python 3.10 or newer, or pass PYTHON=..."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "$python is older than Python 3.10"
command -v "${CC:-cc}" >/dev/null || fail "no C compiler: install gcc"

# Each thing needed is probed itself: it may well be there without the package of that name.
include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
missing=
has_header() { printf '#include <stddef.h>\n#include <%s>\n' "$1" | "${CC:-cc}" -E -I"$include" - >/dev/null 2>&1; }
need() { has_header "$1" || missing="$missing $2"; }
need stdio.h libc6-dev
need curl/curl.h libcurl4-openssl-dev
need zlib.h zlib1g-dev
need brotli/decode.h libbrotli-dev
need zstd.h libzstd-dev
need Python.h python3-dev
"$python" -c 'import venv, ensurepip' 2>/dev/null || missing="$missing python3-venv"

if [ -n "$missing" ]; then
  install="apt-get install -y --no-install-recommends$missing"
  command -v apt-get >/dev/null || fail "install what provides, in Debian's names:$missing"
  [ "$(id -u)" = 0 ] || fail "run first: sudo apt-get update && sudo $install"
  echo "setup: installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  $install -qq >/dev/null
fi

# An environment of another interpreter, or of one that is gone, is made anew.
identity='import sys; print(sys.base_prefix, sys.version)'
if [ "$("$venv/bin/python" -c "$identity" 2>/dev/null)" != "$("$python" -c "$identity")" ]; then
  echo "setup: creating $venv with $("$python" --version)"
  "$python" -m venv --clear "$venv"
fi
echo "setup: installing pyinet and its tools into $venv"
"$venv/bin/python" -m pip install -qq --disable-pip-version-check --editable '.[cli,dev]'

# Some tests compare with it; where it has no wheel, building it wants headers that nothing else here needs.
if ! "$venv/bin/python" -c 'import pycurl' 2>/dev/null; then
  "$venv/bin/python" -m pip install -qq --disable-pip-version-check --only-binary :all: pycurl 2>/dev/null ||
    echo "setup: no wheel of pycurl for this Python: the comparison with it is left out"
fi
