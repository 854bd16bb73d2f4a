"""The pinned list of sources, ``sources.toml``, as objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tomllib

__all__ = ["PINNED", "Archive", "Source", "read_sources", "read_suites"]

PINNED = Path(__file__).with_name("sources.toml")


@dataclass(frozen=True)
class Archive:
    """One file that holds a release.

    Attributes:
        sha256: What the file must be; nothing else is accepted, wherever it comes from.
        file: Name it is kept under.
        url: Where upstream has it, "" when upstream's file is another.
        debian: Name of the Debian source package that carries it, "" for none.
    """

    sha256: str
    file: str
    url: str = ""
    debian: str = ""


@dataclass(frozen=True)
class Source:
    """A library at one version.

    Attributes:
        licence: SPDX expression.
        texts: Files of the release which the licence wants handed on.
        cpe: The name under which vulnerabilities are published.
        only: The switch that asks for this library, "" when every wheel has it.
        archives: Any of them will do.
    """

    name: str
    version: str
    licence: str
    texts: tuple[str, ...]
    cpe: str
    only: str
    archives: tuple[Archive, ...]


def read_sources(switches: frozenset[str] = frozenset(), path: Path = PINNED) -> list[Source]:
    """Return the sources in the order of building: those of every wheel and those that *switches* name."""
    found = []
    for row in tomllib.loads(path.read_text("utf-8"))["source"]:
        archives = tuple(
            Archive(
                sha256=item["sha256"],
                file=item.get("file") or item["url"].rpartition("/")[2],
                url=item.get("url", ""),
                debian=item.get("debian", ""),
            )
            for item in row.pop("archive")
        )
        source = Source(only=row.pop("only", ""), texts=tuple(row.pop("texts")), archives=archives, **row)
        if not source.only or source.only in switches:
            found.append(source)
    return found


def read_suites(path: Path = PINNED) -> list[str]:
    """Return the suites of Debian whose source packages may hold an archive."""
    return list(tomllib.loads(path.read_text("utf-8"))["suites"])
