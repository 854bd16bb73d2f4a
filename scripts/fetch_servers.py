"""Unpacks the servers that the tests talk to into a cache folder and prints where they are; installs nothing.

``python scripts/fetch_servers.py`` prints the path of an nginx: the one on PATH, or the system's package
unpacked under ``${XDG_CACHE_HOME:-~/.cache}/pyinet/servers/``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BINARY = "usr/sbin/nginx"
WRAPPER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH=$(echo "$here"/usr/lib/*-linux-gnu "$here"/lib/*-linux-gnu | tr ' ' ':')
export LD_LIBRARY_PATH
exec "$here/{binary}" "$@"
"""


class FetchError(Exception):
    """A server cannot be had; the message says what would help."""


def cache_dir() -> Path:
    """Folder of the unpacked servers."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pyinet" / "servers"


def run(*command: str, cwd: Path | None = None) -> str:
    """Output of *command*; its error text becomes the `FetchError`."""
    done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)
    if done.returncode:
        raise FetchError(f"{' '.join(command)}: {done.stderr.strip() or f'exit code {done.returncode}'}")
    return done.stdout


def download(package: str, into: Path) -> Path:
    """Fetch *package* with apt as the file it comes in; nothing is installed."""
    before = set(into.glob("*.deb"))
    try:
        run("apt-get", "download", package, cwd=into)
    except FetchError:
        # The lists may be missing or older than the archive; only root can renew them.
        if os.geteuid() != 0:
            raise
        run("apt-get", "update")
        run("apt-get", "download", package, cwd=into)
    return (set(into.glob("*.deb")) - before).pop()


def unpack(deb: Path, root: Path) -> None:
    """Lay the files of a package under *root*."""
    run("dpkg-deb", "-x", str(deb), str(root))


def missing_libraries(binary: Path) -> list[str]:
    """Shared libraries that neither the system nor the unpacked tree has."""
    root = binary.parent.parent.parent
    folders = [str(path) for lib in ("usr/lib", "lib") for path in (root / lib).glob("*-linux-gnu")]
    environ = {**os.environ, "LD_LIBRARY_PATH": ":".join(folders)}
    listing = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True, env=environ).stdout
    return re.findall(r"^\s*(\S+) => not found", listing, flags=re.MULTILINE)


def unpack_nginx(work: Path) -> str:
    """Unpack nginx under ``work/root`` and return its version."""
    root = work / "root"
    deb = download("nginx", work)
    unpack(deb, root)
    if not (root / BINARY).exists():  # older releases keep the program in a package of its own
        deb = download("nginx-core", work)
        unpack(deb, root)
    if missing_libraries(root / BINARY):
        depends = run("dpkg-deb", "-f", str(deb), "Depends")
        for package in re.findall(r"\blib[a-z0-9.+-]+", depends):
            unpack(download(package, work), root)
    if lost := missing_libraries(root / BINARY):
        raise FetchError(f"nginx needs shared libraries that are not here: {', '.join(lost)}")
    (root / "nginx").write_text(WRAPPER.format(binary=BINARY))
    (root / "nginx").chmod(0o755)
    return run("dpkg-deb", "-f", str(deb), "Version").strip().replace(":", "_")


def nginx() -> Path:
    """Path of an nginx that can be started; unpacks it first when need be.

    Raises:
        FetchError: There is none and it cannot be fetched.
    """
    if found := shutil.which("nginx"):
        return Path(found)
    cache = cache_dir()
    if ready := sorted(cache.glob("nginx-*/nginx"), key=lambda path: path.stat().st_mtime):
        return ready[-1]
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise FetchError("no nginx on PATH, and no apt-get to fetch one with: install nginx")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".unpacking-") as work:
        final = cache / f"nginx-{unpack_nginx(Path(work))}"
        try:
            (Path(work) / "root").rename(final)  # all or nothing, also when two processes do this at once
        except OSError:
            if not (final / "nginx").exists():
                raise
    return final / "nginx"


def main() -> int:
    """Print the path, or one line saying why there is none."""
    try:
        print(nginx())
    except FetchError as error:
        sys.stderr.write(f"fetch_servers: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
