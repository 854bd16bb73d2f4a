"""``make test-wheel``: the whole suite against the installed wheel, then a smoke test in a bare system.

For each Python an environment of its own gets the wheel, from a file, and the tools of the tests. The tests run in
a copy of the project without its package, so nothing but the wheel can be imported, and as root where libcurl is
hidden (hidden.sh); else a line says that it was not.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from places import ROOT, cache_folder, dist_folder
from pythons import find_python

VERSIONS = ("3.10", "3.11", "3.12", "3.13")
TOOLS = (
    "pytest>=8",
    "hypothesis>=6.100",
    "trustme>=1.1",
    "pyspnego>=0.10",
    "cryptography>=42",
    "cffi>=1.16",
    "pycparser",
    "pycurl",
    "uvloop",
)
LEFT_OUT = {
    "pyinet",
    "wheels",
    "build",
    "dist",
    ".git",
    ".venv",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
}
HERE = Path(__file__).resolve().parent


def environment(python: str, version: str, wheel: Path) -> Path:
    """Python of a fresh environment with *wheel* in it; the tools are kept from run to run."""
    folder = cache_folder() / "test-environments" / version
    program = folder / "bin" / "python"
    pip = [str(program), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    complete = folder / "complete"
    if not complete.exists() or complete.read_text("utf-8") != " ".join(TOOLS):
        subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([*pip, "--only-binary", "pycurl", *TOOLS], check=True)
        complete.write_text(" ".join(TOOLS), "utf-8")
    subprocess.run([*pip, f"{wheel}[cli]"], check=True)  # what it depends on
    subprocess.run([*pip, "--force-reinstall", "--no-deps", str(wheel)], check=True)
    return program


def project_without_package(target: Path) -> None:
    """Copy what the tests read; of the package only the stub, which is compared with the C header."""
    for source in ROOT.iterdir():
        if source.name in LEFT_OUT or source.name.endswith(".egg-info"):
            continue
        if source.is_dir():
            shutil.copytree(source, target / source.name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        else:
            shutil.copyfile(source, target / source.name)
    (target / "pyinet").mkdir()
    shutil.copyfile(ROOT / "pyinet" / "_native.pyi", target / "pyinet" / "_native.pyi")


def hiding() -> list[str]:
    """Words before a command that hide libcurl from it; none when that cannot be done here."""
    command = [str(HERE / "hidden.sh")]
    if os.geteuid() == 0 and subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0:
        return command
    sys.stderr.write("test-wheel: libcurl of this system is NOT hidden from the tests (wants root)\n")
    return []


def main() -> int:
    """Command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pythons", default=",".join(VERSIONS), help="default: %(default)s")
    parser.add_argument("--no-smoke", dest="smoke", action="store_false")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    args = parser.parse_args()
    wheels = sorted(dist_folder().glob("pyinet-*-abi3-*.whl"))
    if not wheels:
        parser.error(f"no wheel in {dist_folder()}: make wheel")
    linked = dist_folder() / "linked-with"
    bundled = Path(linked.read_text("utf-8").strip()) if linked.is_file() else Path(os.devnull)
    verdicts = {}
    for version in args.pythons.split(","):
        python = find_python(version)
        if not python:
            verdicts[version] = "SKIPPED: no such Python here"
            continue
        program = environment(python, version, wheels[-1])
        with tempfile.TemporaryDirectory(prefix="pyinet-suite-") as folder:
            project_without_package(Path(folder))
            command = [*hiding(), str(program), "-m", "pytest", "-q", "-p", "no:cacheprovider", *args.pytest]
            # Not `python -m`'s folder: there a stub alone is called pyinet.
            env = {**os.environ, "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}
            env |= {"PYINET_BUNDLED": str(bundled)} if bundled.is_dir() else {}
            print(f"== CPython {version}: {program}", flush=True)
            code = subprocess.run(command, cwd=folder, check=False, env=env).returncode
        verdicts[version] = "passed" if code == 0 else f"FAILED (pytest {code})"
        if args.smoke and version == args.pythons.split(",")[-1]:
            smoke = [str(program), str(HERE / "smoke.py"), str(wheels[-1])]
            verdicts["bare system"] = {0: "passed", 77: "SKIPPED"}.get(
                subprocess.run(smoke, check=False).returncode, "FAILED"
            )
    print(f"== {wheels[-1].name}")
    for name, verdict in verdicts.items():
        print(f"   {name:<12} {verdict}")
    return 1 if any(verdict.startswith("FAILED") for verdict in verdicts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
