"""The environment with the tools of ``requirements.txt``, and starting a script in it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from places import cache_folder

__all__ = ["reenter"]

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def reenter(script: str) -> None:
    """Start *script* anew in the environment of tools, unless that is where we are.

    The environment is kept in the cache, one for each interpreter and list of requirements. Its programs come
    first on PATH.
    """
    if sys.version_info < (3, 11):  # tomllib, safe extraction of archives
        raise SystemExit(f"wheels are built with Python 3.11 or newer, this is {sys.version.split()[0]}; PYTHON=...")
    inputs = f"{sys.version}{sys.base_prefix}{REQUIREMENTS.read_text('utf-8')}"
    folder = cache_folder() / f"tools-{hashlib.sha256(inputs.encode()).hexdigest()[:12]}"
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = programs / ("python.exe" if os.name == "nt" else "python")
    if Path(sys.prefix) == folder:
        os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
        return
    if not (folder / "complete").exists():
        sys.stderr.write(f"installing the tools into {folder}\n")
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", REQUIREMENTS], check=True)
        (folder / "complete").touch()
    raise SystemExit(subprocess.run([python, script, *sys.argv[1:]], check=False).returncode)
