"""Obtains the archives of ``sources.toml`` and refuses any other file.

Ways, in this order unless ``--ways`` says otherwise: a directory of the user (``PYINET_SOURCES``), the system's
source packages (apt, in a private state of its own), upstream. What was obtained is kept under its SHA-256.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import os
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import debian_sources
from places import archives_folder
from sources import Archive, Source, read_sources, read_suites

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["WAYS", "WrongHashError", "fetch"]

WAYS = ("directory", "system", "upstream")
TIMEOUT_SECONDS = 60


class WrongHashError(Exception):
    """A file of the right name is not the pinned one."""


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def accept(path: Path, archive: Archive, origin: str) -> Path:
    """Copy *path* into the store if it is the pinned file.

    Raises:
        WrongHashError: It is another file.
    """
    found = sha256_of(path)
    if found != archive.sha256:
        raise WrongHashError(f"{archive.file} from {origin} has SHA-256 {found}, pinned is {archive.sha256}")
    kept = archives_folder() / archive.sha256 / archive.file
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_name(f".{os.getpid()}.partial")
    shutil.copyfile(path, partial)
    partial.replace(kept)
    return kept


def from_directory(archive: Archive, scratch: Path) -> Path | None:
    """The file from the user's directory, under Debian's or upstream's name; None when it is not there."""
    del scratch
    folder = os.environ.get("PYINET_SOURCES")
    names = {archive.file, archive.url.rpartition("/")[2]} - {""}
    found = [path for name in sorted(names) if folder and (path := Path(folder, name)).is_file()]
    return accept(found[0], archive, f"the directory {folder}") if found else None


def from_system(archive: Archive, scratch: Path) -> Path | None:
    """The file from Debian's source packages; None when this system has none or they lack the version."""
    if not archive.debian:
        return None
    found = debian_sources.download(archive.debian, archive.file, read_suites(), scratch)
    return accept(found, archive, "the system's source packages") if found else None


def from_upstream(archive: Archive, scratch: Path) -> Path | None:
    """The file from upstream; None when upstream cannot be reached or lacks it."""
    if not archive.url:
        return None
    target = scratch / "upstream"
    try:
        with urllib.request.urlopen(archive.url, timeout=TIMEOUT_SECONDS) as answer, target.open("wb") as file:  # noqa: S310 - pinned https URLs
            shutil.copyfileobj(answer, file)
    except (OSError, urllib.error.URLError, http.client.HTTPException) as error:
        sys.stderr.write(f"  {archive.url}: {error}\n")
        return None
    return accept(target, archive, archive.url)


def fetch(source: Source, ways: Sequence[str] = WAYS) -> tuple[Archive, Path]:
    """Return an archive of *source* and where it is now.

    Args:
        source: What is wanted; any of its archives will do.
        ways: Of `WAYS`, those to try, in this order.

    Raises:
        WrongHashError: Something was offered that is not the pinned file. No other way is tried then: it
            means a mistake in the list or somebody's tampering, and both want to be seen.
        LookupError: No way led to any of its archives.
    """
    for archive in source.archives:
        kept = archives_folder() / archive.sha256 / archive.file
        if kept.is_file() and sha256_of(kept) == archive.sha256:
            return archive, kept
    takers = {"directory": from_directory, "system": from_system, "upstream": from_upstream}
    scratch = archives_folder() / f".scratch-{os.getpid()}"
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        for way in ways:
            for archive in source.archives:
                if path := takers[way](archive, scratch):
                    sys.stderr.write(f"{source.name} {source.version}: {path.name} ({way})\n")
                    return archive, path
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    names = " or ".join(archive.file for archive in source.archives)
    raise LookupError(
        f"{source.name} {source.version} could not be had ({', '.join(ways)}): put {names} into a directory"
        " and name it in PYINET_SOURCES"
    )


def main() -> int:
    """Command line: fetch everything and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ways", default=",".join(WAYS), help="comma-separated; default: %(default)s")
    parser.add_argument("--with", dest="switches", action="append", default=[], choices=["http3"])
    args = parser.parse_args()
    try:
        for source in read_sources(frozenset(args.switches)):
            archive, path = fetch(source, args.ways.split(","))
            print(f"{source.name:<8} {source.version:<8} {archive.sha256}  {path}")
    except (WrongHashError, LookupError) as error:
        sys.stderr.write(f"fetch: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
