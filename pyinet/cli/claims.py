"""Which names are taken in one run. Pure: names that lie on the disk already are `OutputTree`'s business."""

from __future__ import annotations

import itertools
import posixpath

from pyinet.cli.names import RefusedNameError, comparison_key, numbered


class Claims:
    """Gives every name to one row only, comparing without case and Unicode form.

    Holds a 64-bit hash of each name and of each directory, no text: about 100 bytes a row. Two different
    names meet by accident with a chance of 3 in 100 million among a million rows; the second is then treated
    as a collision, so no file is ever overwritten by another row.

    Args:
        number: Give the second row `name.1.ext` (in the order of the rows) instead of refusing it.
    """

    def __init__(self, *, number: bool) -> None:
        self._number = number
        self._files: set[int] = set()
        self._folders: set[int] = set()
        self._next: dict[int, int] = {}

    def take(self, path: str) -> str:
        """Take a relative path and return it, or the numbered one taken in its place.

        Raises:
            RefusedNameError: Another row has it, or has a file where this row needs a directory.
        """
        key = self._key(path)
        self._take_folders(posixpath.dirname(path))
        if not self._taken(key):
            self._files.add(key)
            return path
        if not self._number:
            use = "as its directory" if key in self._folders else "(case is not compared)"
            raise RefusedNameError(f"another row has this name already {use}")
        for number in itertools.count(self._next.get(key, 1)):
            other = numbered(path, number)
            other_key = self._key(other)
            if not self._taken(other_key):
                break
        self._next[key] = number + 1
        self._files.add(other_key)
        return other

    def _take_folders(self, folder: str) -> None:
        # A known directory has known parents: nearly every row stops at the first step.
        while folder and (key := self._key(folder)) not in self._folders:
            if key in self._files:
                raise RefusedNameError(f"another row has a file where this one needs the directory {folder}")
            self._folders.add(key)
            folder = posixpath.dirname(folder)

    def _taken(self, key: int) -> bool:
        return key in self._files or key in self._folders

    @staticmethod
    def _key(path: str) -> int:
        return hash(comparison_key(path))
