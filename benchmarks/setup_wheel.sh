#!/bin/sh
# An environment with the newest wheel of `make wheel` and pycurl's own newest wheel, for the scenarios "wheel".
# usage: benchmarks/setup_wheel.sh [PYTHON]
set -eu
cd "$(dirname "$0")/.."
python=${1:-.venv/bin/python}
venv=build/bench/wheels

wheel=$(ls -t wheels/dist/pyinet-*-abi3-*.whl 2>/dev/null | head -n 1)
[ -n "$wheel" ] || { echo "setup_wheel: no wheel in wheels/dist: make wheel" >&2; exit 1; }
pip="$venv/bin/python -m pip install -qq --disable-pip-version-check"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
$pip "$wheel" --only-binary pycurl pycurl
$pip --force-reinstall --no-deps "$wheel"
