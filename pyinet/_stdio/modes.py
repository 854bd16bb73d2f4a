"""How a local file is opened: the flags of MFC and the mode strings of Python, and what both mean to the system."""

from __future__ import annotations

import functools
import operator
import os
from enum import IntFlag
from typing import NamedTuple

from pyinet.errors import invalid_parameter

__all__ = ["OpenFlags", "OpenPlan", "plan_open"]


class OpenFlags(IntFlag):
    """How `StdioFile` opens a file. Values: ``CFile::OpenFlags``, afx.h."""

    MODE_READ = 0x00000  # the default
    MODE_WRITE = 0x00001  # what is written replaces what is there, from the start on
    MODE_READ_WRITE = 0x00002
    SHARE_COMPAT = 0x00000
    SHARE_EXCLUSIVE = 0x00010  # shares: accepted, no effect
    SHARE_DENY_WRITE = 0x00020
    SHARE_DENY_READ = 0x00030
    SHARE_DENY_NONE = 0x00040
    MODE_NO_INHERIT = 0x00080  # so it is always: Python's descriptors are not inherited
    TYPE_UNICODE = 0x00400  # text as UTF-16, little-endian, without a byte order mark
    MODE_CREATE = 0x01000  # create the file, or empty the one that is there
    MODE_NO_TRUNCATE = 0x02000  # with MODE_CREATE: keep what is there
    TYPE_TEXT = 0x04000  # the default
    TYPE_BINARY = 0x08000
    OS_NO_BUFFER = 0x10000  # accepted; takes OS_WRITE_THROUGH back, as in Windows
    OS_WRITE_THROUGH = 0x20000  # what leaves our buffer goes to the disk at once
    OS_RANDOM_ACCESS = 0x40000  # accepted, no effect
    OS_SEQUENTIAL_SCAN = 0x80000  # accepted, no effect


class OpenPlan(NamedTuple):
    """What a mode asks for."""

    os_flags: int
    """For `os.open`."""
    readable: bool
    writable: bool
    append: bool
    """Whatever the position, writes go to the end."""
    text: bool
    utf16: bool

    @property
    def mode(self) -> str:
        """Python's name of the mode: ``r``, ``w``, ``a`` or ``r+``, ``a+``, and ``b`` for a binary file."""
        name = "a" if self.append else "r" if self.readable else "w"
        return name + ("+" if self.readable and self.writable else "") + ("" if self.text else "b")


# Plain numbers: arithmetic with flags is slow, and their complement knows no bits but their own.
_WRITE, _READ_WRITE = int(OpenFlags.MODE_WRITE), int(OpenFlags.MODE_READ_WRITE)
_BINARY, _UNICODE = int(OpenFlags.TYPE_BINARY), int(OpenFlags.TYPE_UNICODE)
_CREATE, _KEEP = int(OpenFlags.MODE_CREATE), int(OpenFlags.MODE_NO_TRUNCATE)
_NO_BUFFER, _THROUGH = int(OpenFlags.OS_NO_BUFFER), int(OpenFlags.OS_WRITE_THROUGH)
_DENY_NONE = int(OpenFlags.SHARE_DENY_NONE)
_ACCESS = _WRITE | _READ_WRITE
_TYPES = int(OpenFlags.TYPE_TEXT) | _BINARY | _UNICODE
_SHARE = int(OpenFlags.SHARE_DENY_READ) | _DENY_NONE
_ALL = functools.reduce(operator.or_, map(int, OpenFlags.__members__.values()))
_PLATFORM = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0) | getattr(os, "O_CLOEXEC", 0)


def plan_open(mode: int | str) -> OpenPlan:
    """Return what *mode* asks for.

    Args:
        mode: `OpenFlags`, or a mode string as of `open`: one of ``r``, ``w``, ``a``, ``x``, with ``b``, ``t``, ``+``.

    Raises:
        CallerError: 87, flags or letters that do not go together.

    Source: MFC ``CFile::CFile``.
    """
    return _of_letters(mode) if isinstance(mode, str) else _of_flags(int(mode))


def _of_letters(mode: str) -> OpenPlan:
    letters = set(mode)
    kind = letters & set("rwax")
    if len(letters) != len(mode) or len(kind) != 1 or letters - kind - set("bt+") or {"b", "t"} <= letters:
        raise invalid_parameter(f"the mode {mode!r}", hint="write one of r, w, a, x, then b or t, then + if wanted")
    both = "+" in letters
    readable, writable = both or "r" in kind, both or "r" not in kind
    os_flags = {
        "r": 0,
        "w": os.O_CREAT | os.O_TRUNC,
        "a": os.O_CREAT | os.O_APPEND,
        "x": os.O_CREAT | os.O_EXCL,
    }[kind.pop()]
    access = os.O_RDWR if both else os.O_WRONLY if writable else os.O_RDONLY
    return OpenPlan(
        os_flags=access | os_flags | _PLATFORM,
        readable=readable,
        writable=writable,
        append=bool(os_flags & os.O_APPEND),
        text="b" not in letters,
        utf16=False,
    )


def _of_flags(mode: int) -> OpenPlan:
    access, kind, share = mode & _ACCESS, mode & _TYPES, mode & _SHARE
    if mode & ~_ALL:
        raise invalid_parameter(f"the open flags {mode:#x} hold a bit that is none")
    if access == _ACCESS:
        raise invalid_parameter("MODE_WRITE and MODE_READ_WRITE at once", hint="MODE_READ_WRITE alone is both")
    if kind & _BINARY and kind != _BINARY:
        raise invalid_parameter("TYPE_BINARY beside TYPE_TEXT or TYPE_UNICODE")
    if share > _DENY_NONE:
        raise invalid_parameter(f"the share mode {share:#x}", hint="give one share flag")
    os_flags = os.O_RDWR if access == _READ_WRITE else os.O_WRONLY if access else os.O_RDONLY
    if mode & _CREATE:
        os_flags |= os.O_CREAT if mode & _KEEP else os.O_CREAT | os.O_TRUNC
    if mode & _THROUGH and not mode & _NO_BUFFER:
        os_flags |= getattr(os, "O_SYNC", 0)
    return OpenPlan(
        os_flags=os_flags | _PLATFORM,
        readable=access != _WRITE,
        writable=access != 0,
        append=False,
        text=kind != _BINARY,
        utf16=bool(kind & _UNICODE),
    )
