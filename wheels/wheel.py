"""``make wheel``: libraries, extension, papers, checks; what is unchanged since the last time comes from the cache."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from places import ROOT, cache_folder, dist_folder
from tools import reenter

PROJECT = ("csrc", "pyinet", "setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")
"""All that the build of the Python project reads."""
MADE = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__", "_native.c", "*.egg-info")


def project_copy(target: Path) -> str:
    """Copy what the build reads to *target*, so that nothing built in the checkout gets in; return its hash."""
    digest = hashlib.sha256()
    for name in PROJECT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=MADE)
        else:
            shutil.copyfile(ROOT / name, target / name)
    for file in sorted(path for path in target.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(target)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def debian_headers(folder: Path) -> str:
    """Switches by which zig, which does not look into /usr/include, finds the second half of Debian's Python.h."""
    name = f"python{sysconfig.get_config_var('py_version_short')}"
    multiarch = sysconfig.get_config_var("MULTIARCH") or ""
    apart = Path(sysconfig.get_path("include")).parent / multiarch / name
    if not multiarch or not (apart / "pyconfig.h").is_file():
        return ""
    (folder / multiarch).mkdir(parents=True)
    (folder / multiarch / name).symlink_to(apart)
    return f"-I{folder}"


def build(project: Path, bundled: Path, out: Path) -> Path:
    """Build the extension and return the wheel as setuptools made it."""
    # The epoch is that of zip archives: setuptools gives the files of a wheel this date.
    env = {**os.environ, "PYINET_BUNDLED": str(bundled), "SOURCE_DATE_EPOCH": "315532800"}
    env["PYINET_CFLAGS"] = f"{env.get('PYINET_CFLAGS', '')} {debian_headers(out / 'headers')}".strip()
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(out), str(project)]
    with (out / "log").open("w") as log:
        if subprocess.run(command, check=False, env=env, stdout=log, stderr=log).returncode:
            raise SystemExit((out / "log").read_text("utf-8", "replace")[-5000:])
    (wheel,) = out.glob("*.whl")
    return wheel


def main() -> int:
    """Command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--toolchain", default="auto", help="zig, native or auto (default)")
    parser.add_argument("--no-lto", dest="lto", action="store_false")
    parser.add_argument("--with", dest="switches", action="append", default=[], choices=["http3"])
    parser.add_argument("--dist", type=Path, default=dist_folder(), help="default: %(default)s")
    args = parser.parse_args()
    reenter(__file__)

    import toolchain as toolchains
    from check import check
    from fetch import WrongHashError
    from finish import __file__ as finish_script
    from finish import finish
    from libraries import build_libraries

    begun = time.monotonic()
    try:
        tools = toolchains.choose_toolchain(args.toolchain, lto=args.lto)
        bundled = build_libraries(tools, frozenset(args.switches))
    except (WrongHashError, LookupError) as error:
        sys.stderr.write(f"wheel: {error}\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="pyinet-project-") as scratch:
        project, out = Path(scratch, "project"), Path(scratch, "out")
        project.mkdir()
        out.mkdir()
        linked = hashlib.sha256((bundled / "bundled.json").read_bytes() + Path(finish_script).read_bytes()).hexdigest()
        key = f"{bundled.name}-{linked[:8]}-{project_copy(project)[:16]}{sysconfig.get_config_var('SOABI') or ''}"
        kept = cache_folder() / "wheels" / key
        wheels = list(kept.glob("*.whl"))
        if wheels:
            wheel = wheels[0]
            if complaints := check(wheel, bundled):
                raise SystemExit("\n".join(complaints))
        else:
            wheel = finish(build(project, bundled, out), bundled, kept)
    args.dist.mkdir(parents=True, exist_ok=True)
    name, _, tags = wheel.name.split("-", 2)
    for old in args.dist.glob(f"{name}-*-{tags}"):  # other versions for the same Pythons and systems
        old.unlink()
    finished = args.dist / wheel.name
    shutil.copyfile(wheel, finished)
    (args.dist / "linked-with").write_text(f"{bundled}\n", "utf-8")  # for `make test-wheel`
    size, seconds = finished.stat().st_size, time.monotonic() - begun
    print(f"{finished}: {size:,} bytes, checked, {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
