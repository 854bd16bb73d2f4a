"""What stands in a request line, and what ``OpenRequest`` makes of its arguments. Pure. Source: MFC."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyinet._urls.rewrite import remove_dots
from pyinet._wording import describe, redact
from pyinet.enums import HttpVerb
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError, NotSupported, invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["accept_header", "checked_verb", "http_version_of", "object_target"]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FULL_URI = "http://"
_TAIL = re.compile("[?#]")
_AS_IT_IS = "!\"#$%&'()*+,/:;<=>?@[\\]^_`{|}~-."
"""With letters and digits, all of ASCII but the space and the controls: what needs no encoding."""
_SPOKEN = frozenset({"1.0", "1.1"})
_NOT_SPOKEN = frozenset({"2", "2.0", "3", "3.0"})


def checked_verb(verb: HttpVerb | str | int | None) -> str:
    """Return the method of a request: a text as it is, case kept; the name of a number; GET for None and "".

    Raises:
        CallerError: 87, a number that is no `HttpVerb`, a text that is no token (RFC 9110 section 9.1), or neither.

    Source: MFC ``CHttpConnection::OpenRequest``, both overloads.
    """
    if verb is None or verb == "":
        return HttpVerb.GET.name
    if isinstance(verb, str):
        if not _TOKEN.match(verb):
            raise invalid_parameter(f"the verb {verb[:80]!r} is not a token (RFC 9110 section 9.1)")
        return verb
    if type(verb) in {int, HttpVerb}:  # a bool would be POST or GET
        try:
            return HttpVerb(verb).name
        except ValueError:
            raise invalid_parameter(f"there is no verb of number {verb}", "HttpVerb has them") from None
    raise invalid_parameter(f"the verb must be an HttpVerb or a str, not {type(verb).__name__}")


def object_target(text: str | None) -> str:
    r"""Return the request target for an object name: printable ASCII with a leading slash.

    Line ends behind it are taken off, ``\`` becomes ``/``, a missing leading slash is added unless the text starts with
    ``http://``, which is the form for a proxy. Dot segments of the path are removed (RFC 3986 section 5.2.4), as
    WinINet does. Spaces and what is outside ASCII are percent-encoded as UTF-8, as in `wire.encode_url`; all
    else, ``%XX`` among it, stays as it is.

    Args:
        text: Path, script or search; None and "" are ``/``.

    Raises:
        CallerError: 12005, a NUL, a line break or another control character inside, or half a surrogate pair; 87, it
            is no str.

    Source: MFC ``CHttpConnection::OpenRequest``; WinINet ``HttpOpenRequest``.
    """
    if text is None:
        return "/"
    if not isinstance(text, str):
        raise invalid_parameter(f"the object must be a str, not {type(text).__name__}")
    target = text.rstrip("\r\n").replace("\\", "/")
    if not target.isprintable() and _CONTROL.search(target):
        raise _invalid("the object holds a control character or a line break", text)
    if target[: len(_FULL_URI)].lower() != _FULL_URI and not target.startswith("/"):
        target = f"/{target}"
    if "/." in target:
        target = _without_dots(target)
    if target.isascii() and " " not in target:
        return target
    from urllib.parse import quote  # here, as it costs import time

    try:
        return quote(target, safe=_AS_IT_IS)
    except UnicodeEncodeError:
        raise _invalid("the object holds half a surrogate pair", text) from None


def _without_dots(target: str) -> str:
    match = _TAIL.search(target)
    path, tail = (target[: match.start()], target[match.start() :]) if match else (target, "")
    start = 0 if path.startswith("/") else path.find("/", len(_FULL_URI))
    return target if start < 0 else f"{path[: start + 1]}{remove_dots(path[start + 1 :])}{tail}"


def accept_header(types: Iterable[str] | None) -> str | None:
    """Return the value of Accept for media types, empty ones skipped; None when there is to be no such header.

    Args:
        types: Media types; a single one may be a str.

    Raises:
        CallerError: 87, what is given is no str, or no iterable of them.

    Source: MFC ``CHttpConnection::OpenRequest``; WinINet ``HttpOpenRequest``.
    """
    if types is None:
        return None
    named = [types] if isinstance(types, str) else types
    if not hasattr(named, "__iter__"):
        raise invalid_parameter(f"accept_types must be an iterable of str, not {type(types).__name__}")
    found = []
    for one in named:
        if not isinstance(one, str):
            raise invalid_parameter(f"accept_types must be an iterable of str, and has a {type(one).__name__}")
        if stripped := one.strip(" \t"):
            found.append(stripped)
    return ", ".join(found) or None


def http_version_of(text: str | None) -> str:
    """Return the version a request speaks, "1.0" or "1.1".

    Args:
        text: "HTTP/1.0", "HTTP/1.1", or the same without "HTTP/"; None and "" are 1.1.

    Raises:
        NotSupported: 50, HTTP/2 or HTTP/3, whose bodies do not come and go piece by piece as those of a file do.
        CallerError: 87, what is given is no version.

    Source: MFC ``CHttpConnection::OpenRequest``, whose page says 1.0 for NULL; WinINet ``HttpOpenRequest``, 1.1.
    """
    if text is None or text == "":
        return "1.1"
    if isinstance(text, str):
        version = text[5:] if text[:5].upper() == "HTTP/" else text
        if version in _SPOKEN:
            return version
        if version in _NOT_SPOKEN:
            code = Code.ERROR_NOT_SUPPORTED
            hint = "InternetOption.ENABLE_HTTP_PROTOCOL lets the server choose HTTP/2"
            raise NotSupported(describe(f"a request cannot ask for HTTP/{version}", code, hint=hint), code)
    raise invalid_parameter(f"the version must be HTTP/1.0 or HTTP/1.1, not {text!r}")


def _invalid(what: str, text: str) -> CallerError:
    code = Code.ERROR_INTERNET_INVALID_URL
    return CallerError(describe(f"{what}: {redact(text)[:80]!a}", code), code)
