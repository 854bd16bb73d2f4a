"""Whether a wheel is fit to be handed out: size, tags, symbols, libraries, licences, bill of materials."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

__all__ = ["SIZE_BUDGET", "check"]

SIZE_BUDGET = 4_000_000
"""Bytes of a wheel at most."""
NEWEST_GLIBC = (2, 28)
OWN_LIBRARIES = re.compile(
    r"(lib(c|m|pthread|dl|rt|resolv)\.so\.\d+|ld-linux[-\w]*\.so\.\d|libc\.musl-\w+\.so\.1)$"
)  # parts of the C library: the wheel's tag says which
ENTRY = "PyInit__native"


def check(wheel: Path, bundled: Path) -> list[str]:
    """Return everything that is wrong with *wheel*, which was linked with the libraries in *bundled*."""
    wrong = []
    if wheel.stat().st_size > SIZE_BUDGET:
        wrong.append(f"{wheel.stat().st_size:,} bytes, budget {SIZE_BUDGET:,}")
    with tempfile.TemporaryDirectory(prefix="pyinet-check-") as scratch, zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(scratch)
        modules = [name for name in names if name.endswith((".so", ".pyd", ".dylib", ".dll")) or ".so." in name]
        if len(modules) != 1:
            wrong.append(f"one compiled module wanted, found {modules or 'none'}")
        for module in modules:
            if sys.platform == "linux":
                wrong += _elf(Path(scratch, module))
        wrong += _papers(names, Path(scratch), bundled)
    return wrong + _tags(wheel)


def _elf(module: Path) -> list[str]:
    wrong = []
    table = _out("nm", "-D", "--defined-only", "--format=posix", str(module))
    exported = [line.split(" ")[0] for line in table.splitlines()]
    if exported != [ENTRY]:
        wrong.append(f"exports {len(exported)} symbols instead of {ENTRY} alone: {exported[:9]}")
    dynamic = _out("readelf", "-dW", str(module))
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic)
    if foreign := [name for name in needed if not OWN_LIBRARIES.match(name)]:
        wrong.append(f"needs foreign libraries: {foreign}")
    if found := re.search(r"\((RPATH|RUNPATH|TEXTREL)\)", dynamic):
        wrong.append(f"has {found[1]}")
    if not re.search(r"BIND_NOW|FLAGS.*NOW", dynamic) or "GNU_RELRO" not in _out("readelf", "-lW", str(module)):
        wrong.append("is not linked with -z relro -z now")
    if re.search(r"GNU_STACK.*RWE", _out("readelf", "-lW", str(module))):
        wrong.append("has an executable stack")
    return wrong


def _papers(names: list[str], root: Path, bundled: Path) -> list[str]:
    components = json.loads((bundled / "bundled.json").read_text("utf-8"))["components"]
    wrong = [
        f"no licence of {component['name']}"
        for component in components
        if not any(f"/licenses/bundled/{component['name']}/" in name for name in names)
    ]
    bills = [name for name in names if ".dist-info/sboms/" in name]
    if not bills:
        return [*wrong, "no bill of materials"]
    listed = {
        (item["name"], item["version"]) for item in json.loads((root / bills[0]).read_text("utf-8"))["components"]
    }
    if listed != {(item["name"], item["version"]) for item in components}:
        wrong.append(f"the bill of materials lists {sorted(listed)}")
    return wrong


def _tags(wheel: Path) -> list[str]:
    wrong = []
    _, _, python, abi, platform = wheel.stem.split("-")
    if abi == "abi3":
        if python != "cp310":
            wrong.append(f"tagged {python}, wanted cp310")
        done = _run(sys.executable, "-m", "abi3audit", "--strict", "--report", str(wheel))
        if done.returncode:
            wrong.append(f"abi3audit --strict: {done.stdout}{done.stderr}")
    elif not abi.endswith("t"):
        wrong.append(f"tagged {abi}, wanted abi3 (or a free-threaded ABI)")
    if sys.platform == "linux":
        glibc = [tuple(map(int, pair)) for pair in re.findall(r"manylinux_(\d+)_(\d+)", platform)]
        if "musllinux" not in platform and not any(version <= NEWEST_GLIBC for version in glibc):
            wrong.append(f"tagged {platform}, wanted manylinux_2_28 or lower")
        # Not what the file name says but what the symbols say.
        shown = _out(sys.executable, "-m", "auditwheel", "show", str(wheel))
        if not any(f'"{part}"' in shown for part in platform.split(".")):
            wrong.append(f"auditwheel show does not confirm {platform}: {shown}")
    return wrong


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True)


def _out(*command: str) -> str:
    return _run(*command).stdout


def main() -> int:
    """Command line: print what is wrong; exit code 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--bundled", type=Path, required=True)
    args = parser.parse_args()
    wrong = check(args.wheel, args.bundled)
    print("\n".join(wrong) or f"{args.wheel.name}: fit to be handed out")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
