"""Downloads the original archive of a Debian source package, without touching the system's own apt state."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from places import cache_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["download", "own_archive"]

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
INDEX_SECONDS = 24 * 3600
"""Age at which the package index is read anew."""


def download(package: str, file: str, suites: Sequence[str], scratch: Path) -> Path | None:
    """Return *file* of the source package in *scratch*, or None when it cannot be had.

    The package index may be ahead of the files, so each version that carries *file* is tried, and what counts
    is the file: a missing description or signature beside it does not matter, since its hash is pinned.
    """
    if not shutil.which("apt-get"):
        return None
    options = _private_apt(suites)
    if not options:
        return None
    listing = _run(["apt-cache", *options, "showsrc", "--only-source", package], scratch).stdout
    for version in _versions_with(listing, file):
        _run(["apt-get", *options, "source", "--download-only", "-qq", f"{package}={version}"], scratch)
        if (found := scratch / file).is_file():
            return found
    return None


def _versions_with(listing: str, file: str) -> list[str]:
    found = []
    for paragraph in listing.split("\n\n"):
        version = next((line[9:] for line in paragraph.splitlines() if line.startswith("Version: ")), "")
        if version and f" {file}\n" in paragraph + "\n" and version not in found:
            found.append(version)
    return found


def _private_apt(suites: Sequence[str]) -> list[str]:
    """Options of an apt that knows only the sources of *suites*, at the place where this system gets its own."""
    folder = cache_folder() / "apt"
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    uri = own_archive(folder)
    if not uri:
        return []
    signature = f" [signed-by={KEYRING}]" if KEYRING.is_file() else ""
    wanted = "".join(f"deb-src{signature} {uri} {suite} main\n" for suite in suites)
    entries = folder / "sources.list"
    options = [
        f"-oDir::Etc::sourcelist={entries}",
        "-oDir::Etc::sourceparts=/dev/null",
        f"-oDir::State={folder}",
        f"-oDir::State::lists={folder}/lists",
        f"-oDir::Cache={folder}/cache",
        "-oDir::State::status=/dev/null",
        "-oAcquire::Languages=none",
        *(["-oAPT::Sandbox::User=root"] if os.geteuid() == 0 else []),
    ]
    updated = folder / "updated"
    stale = not updated.exists() or time.time() - updated.stat().st_mtime > INDEX_SECONDS
    if stale or not entries.is_file() or entries.read_text() != wanted:
        entries.write_text(wanted)
        if _run(["apt-get", *options, "update", "-qq"], folder).returncode:
            return []
        updated.touch()
    return options


def own_archive(folder: Path) -> str:
    """Address of the archive this system's own release comes from; "" when the system is not Debian."""
    release = Path("/etc/os-release")
    lines = release.read_text("utf-8").splitlines() if release.is_file() else []
    facts = dict(line.split("=", 1) for line in lines if "=" in line)
    if facts.get("ID") != "debian":
        return ""
    form = "$(REPO_URI)|$(RELEASE)"
    answer = _run(["apt-get", "indextargets", "--format", form, "Identifier: Packages"], folder).stdout
    for line in answer.splitlines():
        uri, _, suite = line.partition("|")
        if suite == facts.get("VERSION_CODENAME"):
            return uri
    return ""


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
