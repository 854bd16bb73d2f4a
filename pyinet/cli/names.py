"""File names for rows: a safe relative path from a URL, or from the path a manifest gives.

Pure: nothing here looks at the disk. Paths use "/" on every system.

A name made from a URL is `host[_port]/path`. It can be copied to any file system: what Windows, macOS or
Linux reserve is written as `%XX`, so two URLs share a name only where `Claims` sees it.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from hashlib import blake2b
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

MAX_SEGMENT = 255
"""Bytes one segment may have: the limit of ext4, APFS and NTFS."""

MAX_EXTENSION = 16
"""Bytes of an extension kept when a segment is cut; a longer one is no extension."""

INDEX = "index.html"
DEFAULT_PORTS = {"http": 80, "https": 443, "ftp": 21, "gopher": 70}

# Control characters, separators and what Windows reserves. Surrogates are bytes that are not UTF-8.
UNSAFE = r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\udc80-\udcff]'
_UNSAFE = re.compile(UNSAFE)
# In decoded text "%41" must not read like an escape made here.
_UNSAFE_DECODED = re.compile(UNSAFE + "|%(?=[0-9A-Fa-f]{2})")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DRIVE = re.compile(r"[A-Za-z]:")
_CUT_ESCAPE = re.compile(r"%[0-9A-F]?$")


class RefusedNameError(Exception):
    """This row cannot be given a file; the text says why."""


def name_for_url(url: str) -> str:
    """Return the relative path a URL is stored under.

    Each segment is percent-decoded (UTF-8); an empty one becomes "_", a trailing slash `index.html`. The
    query follows the last segment after "@", as it was written: "?" is not allowed on Windows. The fragment,
    the user and a default port are left out. A segment longer than 255 bytes is cut and ends in a hash of it.

    Raises:
        RefusedNameError: The URL has no host, or is malformed.
    """
    try:
        parts = urlsplit(url)
        host = _host(parts)
        segments = [_decoded(segment) for segment in parts.path.split("/")[1:]] or [""]
    except ValueError as error:
        raise RefusedNameError(f"malformed URL: {error}") from error
    *folders, last = segments
    file = last or INDEX
    if parts.query:
        file += "@" + _UNSAFE.sub(_percent, parts.query)
    return "/".join(_finished(segment) for segment in (host, *folders, file))


def given_path(path: str) -> str:
    """Check the path a manifest gives and return it without empty and "." segments.

    Raises:
        RefusedNameError: It is absolute, has a drive letter, leaves the directory, names no file or has
            control characters.
    """
    if _CONTROL.search(path):
        raise RefusedNameError("the path has control characters")
    if path.startswith(("/", "\\")) or _DRIVE.match(path):
        raise RefusedNameError("the path is absolute; it must lie below the output directory")
    # Windows takes "\" for a separator and drops dots and blanks at an end: "..\x" and ".. /x" go up there.
    if any(part not in {"", "."} and not part.strip(". ") for part in re.split(r"[/\\]", path)):
        raise RefusedNameError('the path has ".." in it; it must lie below the output directory')
    parts = path.split("/")
    if parts[-1] in {"", "."}:
        raise RefusedNameError("the path names a directory, not a file")
    return "/".join(part for part in parts if part not in {"", "."})


def comparison_key(path: str) -> str:
    """Return what two paths have in common where case and Unicode form do not count (macOS, Windows)."""
    return path.lower() if path.isascii() else unicodedata.normalize("NFC", path.casefold())


def numbered(path: str, number: int) -> str:
    """Return `name.NUMBER.ext` for `name.ext`."""
    folder, file = posixpath.split(path)
    stem, extension = posixpath.splitext(file)
    return posixpath.join(folder, _fitted(f"{stem}.{number}{extension}"))


def _host(parts: SplitResult) -> str:
    if not parts.scheme or not parts.hostname:
        raise RefusedNameError("not an absolute URL (scheme://host/...)")
    host = _decoded(parts.hostname)
    port = parts.port
    return host if port in {None, DEFAULT_PORTS.get(parts.scheme)} else f"{host}_{port}"


def _decoded(segment: str) -> str:
    text = unquote_to_bytes(segment).decode("utf-8", "surrogateescape")
    return _UNSAFE_DECODED.sub(_percent, text)


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))


def _finished(segment: str) -> str:
    """Apply the rules for a whole segment: its end, device names of Windows, its length."""
    segment = segment or "_"
    if segment[-1] in ". ":
        segment = f"{segment[:-1]}%{ord(segment[-1]):02X}"
    if _DEVICE.match(segment):
        segment = f"%{ord(segment[0]):02X}{segment[1:]}"
    return _fitted(segment)


def _fitted(segment: str) -> str:
    raw = segment.encode()
    if len(raw) <= MAX_SEGMENT:
        return segment
    extension = posixpath.splitext(segment)[1]
    if len(extension.encode()) > MAX_EXTENSION:
        extension = ""
    tail = f"~{blake2b(raw, digest_size=8).hexdigest()}{extension}"
    stem = raw[: MAX_SEGMENT - len(tail.encode())].decode("utf-8", "ignore")
    return _CUT_ESCAPE.sub("", stem) + tail
