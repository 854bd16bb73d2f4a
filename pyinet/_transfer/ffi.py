"""The boundary to the compiled core: the only module that imports ``pyinet._native``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyinet import _native
from pyinet._wording import describe
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError, HandleClosed, InternetException

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

__all__ = ["CData", "check", "curl_names", "ffi", "lib"]

CData = Any
"""A C object; the fields of a struct are known to cffi alone, so a type checker is told nothing of them."""

ffi: Any = _native.ffi
lib = _native.lib


def check(rc: int, what: str) -> None:
    """Raise for any ``enum pnet_rc`` but ``PNET_OK``; *what* names the operation.

    Raises:
        HandleClosed: The object or its session was closed.
        CallerError: The object was made in another process, or an argument is refused.
        InternetException: Memory (8) or an operating system resource (12004) is missing.
    """
    if rc != lib.PNET_OK:
        _fail(rc, what)


def _fail(rc: int, what: str) -> NoReturn:
    if rc == lib.PNET_CLOSED:
        code = Code.ERROR_INVALID_HANDLE
        raise HandleClosed(describe(f"{what}: the session or the rows were closed", code), code)
    if rc == lib.PNET_FORKED:
        code = Code.ERROR_INVALID_HANDLE
        hint = "open an InternetSession in this process"
        raise CallerError(describe(f"{what}: the session belongs to another process", code, hint=hint), code)
    if rc == lib.PNET_INVALID:
        code = Code.ERROR_INVALID_PARAMETER
        raise CallerError(describe(f"{what}: an argument is refused", code), code)
    if rc == lib.PNET_NOMEM:
        code = Code.ERROR_NOT_ENOUGH_MEMORY
        raise InternetException(describe(f"{what}: out of memory", code), code)
    code = Code.ERROR_INTERNET_INTERNAL_ERROR
    hint = "look at the limits on threads and open files (ulimit -a)"
    raise InternetException(describe(f"{what}: the operating system refused a resource", code, hint=hint), code)


def curl_names() -> Mapping[int, str]:
    """Names of the ``CURLcode`` numbers without ``CURLE_``, as the headers at build time define them."""
    names = (name for name in dir(lib) if name.startswith("CURLE_"))
    return {getattr(lib, name): name.removeprefix("CURLE_") for name in names}
