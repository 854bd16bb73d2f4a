"""The fallbacks for systems other than Linux compile, with nothing but POSIX in sight."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]


@pytest.mark.parametrize("source", sorted((ROOT / "csrc").glob("*.c")), ids=lambda path: path.name)
def test_a_file_compiles_without_linux(source: Path) -> None:
    compiler = shutil.which("cc")
    if not compiler:
        pytest.skip("no C compiler")
    command = [compiler, *STRICT, "-D_POSIX_C_SOURCE=200809L", "-DPNET_PORTABLE", str(source)]
    if bundled := os.environ.get("PYINET_BUNDLED"):  # the wheel's headers, where the system has none
        command.append(f"-I{bundled}/include")
    assert subprocess.run(command, capture_output=True, text=True, check=False).stderr == ""
