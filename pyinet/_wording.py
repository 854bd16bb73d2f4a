"""The wording of error messages: their form, their texts, and no passwords in them."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyinet.enums import InternetErrorCode as Code

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TEXTS", "constant_name", "describe", "redact"]

# The first alternative is the password of a well-formed authority. The second is for what a caller
# mistyped: an unencoded delimiter inside a password moves the end of the authority into it.
_USERINFO = r"\A((?:[^/?#:@]*:/+)?[^/?#:\[]*):(?:[^/?#]*@|(?![0-9]*(?:[/?#]|\Z)).*@)"


def redact(url: str) -> str:
    """Return *url* (or ``user:password@host:port``) with the password replaced by ``***``."""
    return re.sub(_USERINFO, r"\1:***@", url, flags=re.DOTALL)


def describe(what: str, code: int, *, url: str = "", hint: str = "") -> str:
    """Compose a message: what failed, where, the number, and what to do about it.

    Args:
        what: What failed, with the value at fault.
        code: Win32 or WinINet number.
        url: Where it failed; passwords are removed.
        hint: What the reader can do, when that is known.
    """
    where = f": {redact(url)}" if url else ""
    advice = f"; {hint}" if hint else ""
    return f"{what}{where} [{code} {constant_name(code)}]{advice}"


def constant_name(code: int) -> str:
    """Return the name of an error number, for example ``ERROR_INTERNET_TIMEOUT``."""
    try:
        return Code(code).name
    except ValueError:
        return "unknown error"


TEXTS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        Code.ERROR_NOT_ENOUGH_MEMORY: ("out of memory", "use fewer transfers at a time"),
        Code.ERROR_NOT_SUPPORTED: ("that is not supported", ""),
        Code.ERROR_INVALID_PARAMETER: ("an argument cannot be used", ""),
        Code.ERROR_FILE_TOO_LARGE: ("the body is larger than allowed", "raise max_size"),
        Code.ERROR_INTERNET_TIMEOUT: ("a time limit passed", "try again or allow more time"),
        Code.ERROR_INTERNET_EXTENDED_ERROR: ("the server refused", ""),
        Code.ERROR_INTERNET_INTERNAL_ERROR: ("libcurl failed", ""),
        Code.ERROR_INTERNET_INVALID_URL: ("malformed URL", "percent-encode what is not allowed in a URL"),
        Code.ERROR_INTERNET_UNRECOGNIZED_SCHEME: ("unsupported URL scheme", ""),
        Code.ERROR_INTERNET_NAME_NOT_RESOLVED: ("host name not resolved", "check its spelling, then the DNS"),
        Code.ERROR_INTERNET_INVALID_OPTION: ("there is no such option", ""),
        Code.ERROR_INTERNET_LOGIN_FAILURE: ("login refused", "check user name and password"),
        Code.ERROR_INTERNET_INVALID_OPERATION: ("the operation is not possible here", ""),
        Code.ERROR_INTERNET_OPERATION_CANCELLED: ("cancelled", ""),
        Code.ERROR_INTERNET_REQUEST_PENDING: ("no free connection", "try again"),
        Code.ERROR_INTERNET_CANNOT_CONNECT: ("cannot connect", "check the port and that the server runs"),
        Code.ERROR_INTERNET_CONNECTION_ABORTED: ("the connection ended early", "try again"),
        Code.ERROR_INTERNET_CONNECTION_RESET: ("the peer reset the connection", "try again"),
        Code.ERROR_INTERNET_FORCE_RETRY: ("the body has to be sent again", "repeat the request"),
        Code.ERROR_INTERNET_SEC_CERT_DATE_INVALID: ("certificate out of date", "check this machine's clock"),
        Code.ERROR_INTERNET_SEC_CERT_CN_INVALID: ("certificate of another host", "check the host name"),
        Code.ERROR_INTERNET_CLIENT_AUTH_CERT_NEEDED: ("client certificate missing or unusable", ""),
        Code.ERROR_INTERNET_INVALID_CA: ("certificate of an unknown authority", "name its file as `ca`"),
        Code.ERROR_INTERNET_SEC_CERT_REV_FAILED: ("revocation could not be checked", ""),
        Code.ERROR_FTP_NO_PASSIVE_MODE: ("the server has no passive mode", "connect with passive=False"),
        Code.ERROR_HTTP_INVALID_SERVER_RESPONSE: ("invalid response", ""),
        Code.ERROR_HTTP_REDIRECT_FAILED: ("too many redirects", ""),
        Code.ERROR_INTERNET_SECURITY_CHANNEL_ERROR: ("TLS failed", ""),
        Code.ERROR_INTERNET_SEC_INVALID_CERT: ("invalid certificate", ""),
        Code.ERROR_INTERNET_SEC_CERT_REVOKED: ("revoked certificate", ""),
        Code.ERROR_INTERNET_DECODING_FAILED: ("the body does not decode", ""),
        Code.ERROR_INTERNET_CLIENT_AUTH_CERT_NEEDED_PROXY: ("the proxy wants a client certificate", ""),
        Code.ERROR_INTERNET_SECURE_FAILURE_PROXY: ("TLS with the proxy failed", ""),
    }
)
"""Error number to what failed, and what the reader can do where that is known."""
