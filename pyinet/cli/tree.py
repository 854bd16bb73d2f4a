"""The output directory: makes the directories rows need and lets nothing out of it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from pyinet.cli.names import RefusedNameError

if TYPE_CHECKING:
    from pathlib import Path

REMEMBERED_FOLDERS = 4096


class OutputTree:
    """Places files below one directory.

    What it checks holds at that moment: it does not guard against somebody who changes the directory
    meanwhile.

    Args:
        root: The directory, made if it is missing.
        refuse_existing: Refuse names that exist already, instead of replacing files.

    Raises:
        OSError: The directory cannot be made.
    """

    def __init__(self, root: Path, *, refuse_existing: bool) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        # Text, as path objects would cost each row what its transfer does: "" for ".", "/" for "/".
        self._prefix = str(root / "x")[:-1]
        self._real_root = root.resolve()
        self._refuse_existing = refuse_existing
        self._made: set[str] = set()

    def place(self, path: str) -> str:
        """Make the directories of a relative path ("/" between segments) and return where its file goes.

        Raises:
            RefusedNameError: A symbolic link leads out of the directory, a directory cannot be made, the
                name belongs to a directory, or a file exists and is to be kept.
        """
        folder = path.rpartition("/")[0]
        if folder not in self._made:
            self._make(folder)
        target = self._prefix + path
        try:
            mode = os.lstat(target).st_mode
        except FileNotFoundError:
            return target
        except OSError as error:
            raise RefusedNameError(f"cannot use {target}: {error.strerror}") from error
        if stat.S_ISDIR(mode):
            raise RefusedNameError(f"{target} is a directory")
        if self._refuse_existing:
            raise RefusedNameError(f"{target} exists already")
        return target  # a symbolic link here is replaced, not followed: files arrive by rename

    def _make(self, path: str) -> None:
        folder = self._root / path
        try:
            real = folder.resolve()
            if not real.is_relative_to(self._real_root):
                raise RefusedNameError(f"{folder} leads out of the output directory, to {real}")
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
            reason = error.strerror if isinstance(error, OSError) else error
            raise RefusedNameError(f"cannot make the directory {folder}: {reason}") from error
        if len(self._made) >= REMEMBERED_FOLDERS:
            self._made.clear()
        self._made.add(path)
