"""Finds interpreters of this machine by version."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["find_python"]

IDENTITY = (
    "import sys, sysconfig as s; print('%d.%d' % sys.version_info[:2], bool(s.get_config_var('Py_GIL_DISABLED')))"
)


def find_python(version: str) -> str:
    """Path of a Python *version*, e.g. "3.12" or "3.14t"; "" when there is none that works."""
    for program in _candidates(version):
        done = subprocess.run([program, "-c", IDENTITY], check=False, capture_output=True, text=True)
        if done.returncode == 0 and done.stdout.split() == [version.rstrip("t"), str(version.endswith("t"))]:
            return program
    return ""


def _candidates(version: str) -> Iterator[str]:
    if found := shutil.which(f"python{version}"):
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for folder in sorted(pyenv.glob(f"{version.rstrip('t')}.*"), reverse=True):
        if (folder / "bin" / "python").is_file():
            yield str(folder / "bin" / "python")
