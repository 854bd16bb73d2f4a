"""Folders outside the checkout that the build keeps things in."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["ROOT", "archives_folder", "cache_folder", "dist_folder"]

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""


def cache_folder() -> Path:
    """Root of what may be deleted at any time and is then made again: ``$XDG_CACHE_HOME/pyinet``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pyinet" / "wheels"


def archives_folder() -> Path:
    """Archives of sources, one folder a SHA-256."""
    return cache_folder() / "archives"


def dist_folder() -> Path:
    """Where finished wheels go; not committed."""
    return ROOT / "wheels" / "dist"
