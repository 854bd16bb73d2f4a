"""``InternetCombineUrl``: a relative URL made absolute (RFC 3986 section 5.2). Pure."""

from __future__ import annotations

import re

from pyinet._urls.canonical import canonicalize
from pyinet._urls.rewrite import OPAQUE, UrlPieces, clean, is_drive, remove_dots, rewrite, split_body
from pyinet._urls.scheme import split_scheme
from pyinet._wording import describe
from pyinet.enums import IcuFlag
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError

__all__ = ["combine"]

_DRIVE_ROOT = re.compile(r"/?[A-Za-z][:|](?=/|\Z)")


def combine(base: str, url: str, flags: IcuFlag, *, windows: bool) -> str:
    """Return *url* as seen from *base*; see `pyinet.combine_url`.

    Args:
        base: Absolute, up to its first NUL.
        url: Absolute or relative, up to its first NUL.
        flags: ``ICU_*``.
        windows: Whether file URLs follow the path rules of Windows even without a drive.
    """
    url = clean(url)
    root = rewrite(clean(base), dots=True, back=False, windows=windows)
    reference = _relative_part(url, root)
    if reference is None:
        return canonicalize(url, flags, windows=windows, local=False)
    if not root.scheme:
        code = Code.ERROR_BAD_PATHNAME
        raise CallerError(describe("neither URL is absolute", code, url=url, hint="give base a scheme"), code, url=url)
    target = _resolve(root, reference, dots=IcuFlag.NO_META in flags)
    return canonicalize(target, flags, windows=windows, local=False)


def _relative_part(url: str, base: UrlPieces) -> str | None:
    """Return what *base* is needed for; None when *url* is absolute.

    The scheme of the base may stand before a relative URL (the leniency of RFC 3986 section 5.2.2).
    """
    if is_drive(url):
        return None
    split = split_scheme(url)
    if split is None or len(split[0]) == 1:
        return None if url.startswith("\\\\") and not base.scheme else url
    scheme, rest = split
    rooted = base.authority or base.head.endswith("//") or base.path.startswith("/")
    return rest if scheme.lower() == base.scheme and rooted else None


def _resolve(base: UrlPieces, reference: str, *, dots: bool) -> str:
    if base.scheme in OPAQUE:
        whole = base.path.partition("#")[0] if reference.startswith("#") else ""
        return f"{base.scheme}:{whole}{reference}"
    body, tail = split_body(base.scheme, reference)
    head, authority = base.head, base.authority
    if body.startswith("//"):
        head, (authority, slash, path) = f"{base.scheme}://", body[2:].partition("/")
        path = slash + path
    elif body:
        path = body if body.startswith("/") else _merged(base, body)
    else:
        path = base.path
        tail = tail if tail.startswith("?") else base.tail.partition("#")[0] + tail
    if not dots:
        path = _without_dots(path, drive=base.scheme == "file")
    return f"{head}{authority}{path}{tail}"


def _merged(base: UrlPieces, body: str) -> str:
    if base.authority and not base.path:
        return "/" + body
    return base.path[: base.path.rfind("/") + 1] + body


def _without_dots(path: str, *, drive: bool) -> str:
    root = _DRIVE_ROOT.match(path) if drive else None
    start = root.end() if root else 0
    slash = path[start : start + 1] == "/"
    return path[:start] + ("/" if slash else "") + remove_dots(path[start + slash :])
