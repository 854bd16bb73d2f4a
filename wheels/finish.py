"""Turns a wheel as setuptools made it into the one that is handed out.

Names the systems it runs on, adds licences and the bill of materials of what is bundled, then checks the result.
cibuildwheel calls it as its repair command; ``make wheel`` does the same.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from check import check
from sbom import bill_of_materials
from tools import reenter

__all__ = ["finish"]

EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of every file in the wheel: the same inputs give the same bytes."""


def finish(wheel: Path, bundled: Path, target: Path, plat: str = "") -> Path:
    """Return the finished wheel in *target*.

    Args:
        wheel: As setuptools made it.
        bundled: Folder of the libraries it was linked with.
        target: Folder for the finished wheel.
        plat: Platform tag, e.g. ``manylinux_2_28_x86_64``; "" for the oldest one that is true (Linux), or the
            one it has.

    Raises:
        SystemExit: The wheel is not fit to be handed out; says everything that is wrong.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pyinet-wheel-") as scratch:
        named = _name_systems(wheel, Path(scratch), plat)
        partial = Path(scratch, "finished", named.name)
        partial.parent.mkdir()
        _add_papers(named, bundled, partial)
        if complaints := check(partial, bundled):
            raise SystemExit("\n".join(f"{named.name}: {text}" for text in complaints))
        finished = target / named.name
        shutil.copyfile(partial, finished)
    return finished


def _name_systems(wheel: Path, scratch: Path, plat: str) -> Path:
    out = scratch / "named"
    out.mkdir()
    if sys.platform == "linux":
        options = ["--plat", plat, "--only-plat"] if plat else []
        command = [sys.executable, "-m", "auditwheel", "repair", *options, "-w", str(out), str(wheel)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"auditwheel repair: {done.stdout}{done.stderr}")
    else:
        shutil.copy(wheel, out)
    (named,) = out.glob("*.whl")
    return named


def _add_papers(wheel: Path, bundled: Path, target: Path) -> None:
    """Write *wheel* anew with licences, bill of materials and metadata that speak of them."""
    found: dict[str, Any] = json.loads((bundled / "bundled.json").read_text("utf-8"))
    with zipfile.ZipFile(wheel) as archive:
        files = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
        modes = {info.filename: info.external_attr for info in archive.infolist()}
    info = next(name for name in files if name.endswith(".dist-info/METADATA")).rpartition("/")[0]
    metadata = HeaderParser().parsestr(files[f"{info}/METADATA"].decode())
    own = metadata["License-Expression"]
    papers = {
        f"bundled/{component['name']}/{text.name}": text.read_bytes()
        for component in found["components"]
        for text in sorted((bundled / "licenses" / component["name"]).iterdir())
    }
    files.update({f"{info}/licenses/{name}": data for name, data in papers.items()})
    files[f"{info}/sboms/bundled.cdx.json"] = bill_of_materials(
        metadata["Name"], metadata["Version"], own, found
    ).encode()
    expression = " AND ".join([own, *sorted({component["licence"] for component in found["components"]} - {own})])
    head, blank, body = files[f"{info}/METADATA"].decode().partition("\n\n")
    lines = [
        f"License-Expression: {expression}" if line.startswith("License-Expr") else line for line in head.split("\n")
    ]
    lines += [f"License-File: {name}" for name in papers]
    files[f"{info}/METADATA"] = ("\n".join(lines) + blank + body).encode()
    del files[f"{info}/RECORD"]
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = modes.get(name) or 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)


def _record(files: dict[str, bytes], own: str) -> bytes:
    """The list of files with hashes (the wheel format's RECORD), itself included without one."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(data)])
    rows.writerow([own, "", ""])
    return out.getvalue().encode()


def main() -> int:
    """Command line, as cibuildwheel's repair command uses it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("target", type=Path, help="folder for the finished wheel")
    parser.add_argument("--bundled", type=Path, default=os.environ.get("PYINET_BUNDLED"))
    parser.add_argument("--plat", default="")
    args = parser.parse_args()
    reenter(__file__)
    if not args.bundled:
        parser.error("--bundled, or PYINET_BUNDLED: folder of the libraries it was linked with")
    print(finish(args.wheel, Path(args.bundled), args.target, args.plat))
    return 0


if __name__ == "__main__":
    sys.exit(main())
