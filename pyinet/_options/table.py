"""The one table of options: what each is, where it can be read and set, and what pyinet does with it. Pure data."""

from __future__ import annotations

from enum import Enum, Flag
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetOption as Opt

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CODEPAGE_UTF8",
    "DWORD_MAX",
    "INFINITE",
    "OPTIONS",
    "SECURITY_SET_MASK",
    "Kind",
    "Level",
    "Option",
    "Verdict",
]

DWORD_MAX = 0xFFFFFFFF
INFINITE = DWORD_MAX
"""As a timeout: none (winbase.h)."""
SECURITY_SET_MASK = 0x3380
"""``SECURITY_FLAG_IGNORE_*`` bits that option 31 can set: revocation, CA, usage, name, date."""
CODEPAGE_UTF8 = 65001


class Level(Flag):
    """What an option is read from or set on; a set of them says where it exists."""

    PROCESS = 1
    """The process: a NULL handle of ``InternetSetOption``."""
    SESSION = 2
    CONNECTION = 4
    REQUEST = 8
    """A request or a file."""


class Kind(Enum):
    """Type of a value. The text is for people; C's structures are tuples here."""

    NUMBER = "int, 32 bits"
    MILLISECONDS = "int, milliseconds; 0xFFFFFFFF for no limit"
    FLAG = "bool"
    TEXT = "str"
    SIGNAL = "none: setting it does something"
    POINTER = "int, 64 bits"
    VERSION = "(major, minor)"
    PROXY = "(access_type, proxy, bypass)"
    PROXY_LIST = "pairs (INTERNET_PER_CONN_* number, value)"
    CONNECTED = "int; set as (state, flags)"
    CERTIFICATE = "(certificate file, key file[, password])"
    RECORD = "as the text says"


class Verdict(Enum):
    """What pyinet does with an option."""

    IMPLEMENTED = "implemented"
    STORED = "stored"
    """Kept, inherited and given back; without effect."""
    REFUSED = "refused"


class Option(NamedTuple):
    """One row.

    Attributes:
        number: ``INTERNET_OPTION_*``.
        kind: Type of its value.
        readable: Where it can be queried.
        writable: Where it can be set.
        verdict: What pyinet does with it.
        help: One line for the documentation.
        default: Value until it is set; None where the handle knows.
        low: Smallest number.
        low_below: Smallest number on connections and requests; None: as *low*.
        high: Largest number.
        mask: Bits that may be set.
        out_of_range: Error of a number that breaks one of these three.
        bad_length: Error of a value of another type or size; 0 for 12010 on process and session, 87 below them.
        wrong_handle: Error on a level where it does not exist.
        refusal: Error of an option that is refused.
        same_as: The option it is another number of; None for itself.
    """

    number: Opt
    kind: Kind
    readable: Level
    writable: Level
    verdict: Verdict
    help: str
    default: object = None
    low: int = 0
    low_below: int | None = None
    high: int = DWORD_MAX
    mask: int = DWORD_MAX
    out_of_range: int = Code.ERROR_INVALID_PARAMETER
    bad_length: int = 0
    wrong_handle: int = Code.ERROR_INTERNET_INCORRECT_HANDLE_TYPE
    refusal: int = 0
    same_as: Opt | None = None

    @property
    def target(self) -> Opt:
        """The option whose value is meant."""
        return self.number if self.same_as is None else self.same_as

    @property
    def access(self) -> str:
        """``"RW"``, ``"R"``, ``"W"``, or ``"-"`` when it is refused."""
        return ("R" if self.readable else "") + ("W" if self.writable else "") or "-"

    @property
    def levels(self) -> str:
        """Letters of the levels: G process, S session, C connection, R request; "-" when it is refused."""
        both = self.readable | self.writable
        return " ".join(letter for letter, level in zip("GSCR", Level, strict=True) if level in both) or "-"


_NOWHERE = Level(0)
_G, _S, _C, _R = Level.PROCESS, Level.SESSION, Level.CONNECTION, Level.REQUEST
_CR = _C | _R
_SCR = _S | _CR
_GS = _G | _S
_ANY = _G | _SCR

_BAD_LENGTH = Code.ERROR_INTERNET_BAD_OPTION_LENGTH
_INVALID = Code.ERROR_INVALID_PARAMETER
_BAD_ARGUMENTS = Code.ERROR_BAD_ARGUMENTS
_NO_OPTION = Code.ERROR_INTERNET_INVALID_OPTION
_NOT_SETTABLE = Code.ERROR_INTERNET_OPTION_NOT_SETTABLE
_INVALID_OPERATION = Code.ERROR_INTERNET_INVALID_OPERATION

_NUMBER, _MS, _FLAG, _TEXT, _SIGNAL = Kind.NUMBER, Kind.MILLISECONDS, Kind.FLAG, Kind.TEXT, Kind.SIGNAL
_POINTER, _VERSION, _RECORD = Kind.POINTER, Kind.VERSION, Kind.RECORD
_IMPL, _STORED = Verdict.IMPLEMENTED, Verdict.STORED


def _refused(number: Opt, why: str, refusal: int = _NO_OPTION) -> Option:
    return Option(number, _NUMBER, _NOWHERE, _NOWHERE, Verdict.REFUSED, why, refusal=refusal)


def _stored(number: Opt, text: str, kind: Kind = _NUMBER, default: object = 0, at: Level = _ANY) -> Option:
    return Option(number, kind, at, at, _STORED, text, default)


def _codepage(number: Opt, of_what: str) -> Option:
    text = f"Code page of {of_what}: 65001 (UTF-8) alone"
    return Option(
        number, _NUMBER, _NOWHERE, _SCR, _STORED, text, low=CODEPAGE_UTF8, high=CODEPAGE_UTF8, out_of_range=_NO_OPTION
    )  # fmt: skip


_ROWS = (
    Option(Opt.CALLBACK, _POINTER, _SCR, _NOWHERE, _IMPL, "1 when status callbacks are enabled, else 0"),
    Option(Opt.CONNECT_TIMEOUT, _MS, _ANY, _ANY, _IMPL,
           "Time for all attempts to connect together; 0, on connections and requests alone, for no limit", 60_000,
           low=1, low_below=0, out_of_range=_BAD_ARGUMENTS),
    Option(Opt.CONNECT_RETRIES, _NUMBER, _ANY, _ANY, _IMPL, "Addresses of a name that are tried, each once; 0 as 1", 5),
    _stored(Opt.CONNECT_BACKOFF, "Pause between attempts to connect, in milliseconds; there is none", _MS),
    Option(Opt.SEND_TIMEOUT, _MS, _ANY, _ANY, _IMPL,
           "Longest silence while a request is sent (FTP: on the control connection); 0 for no limit", 30_000),
    Option(Opt.RECEIVE_TIMEOUT, _MS, _ANY, _ANY, _IMPL,
           "Longest silence before and within an answer (FTP: on the control connection); 0 for no limit", 30_000),
    Option(Opt.DATA_SEND_TIMEOUT, _MS, _ANY, _ANY, _IMPL, "SEND_TIMEOUT of FTP data connections", 30_000),
    Option(Opt.DATA_RECEIVE_TIMEOUT, _MS, _ANY, _ANY, _IMPL, "RECEIVE_TIMEOUT of FTP data connections", 30_000),
    Option(Opt.HANDLE_TYPE, _NUMBER, _SCR, _NOWHERE, _IMPL, "Kind of the handle: INTERNET_HANDLE_TYPE_*"),
    Option(Opt.CONTEXT_VALUE_OLD, _POINTER, _SCR, _SCR, _IMPL, "CONTEXT_VALUE", bad_length=_INVALID,
           same_as=Opt.CONTEXT_VALUE),
    _stored(Opt.LISTEN_TIMEOUT, "Time to wait for the connection of an active FTP server", _MS, 30_000),
    Option(Opt.READ_BUFFER_SIZE, _NUMBER, _SCR, _SCR, _IMPL, "Receive buffer of FTP, bytes; clamped when used", 4096),
    Option(Opt.WRITE_BUFFER_SIZE, _NUMBER, _SCR, _SCR, _IMPL, "Send buffer of FTP, bytes; clamped when used", 4096),
    _refused(Opt.ASYNC_ID, "WinINet does not implement it"),
    _refused(Opt.ASYNC_PRIORITY, "WinINet does not implement it"),
    Option(Opt.PARENT_HANDLE, _POINTER, _SCR, _NOWHERE, _IMPL, "The handle this one hangs from; 0 for a session"),
    _stored(Opt.KEEP_CONNECTION, "Connections are kept alive whatever it says"),
    Option(Opt.REQUEST_FLAGS, _NUMBER, _R, _NOWHERE, _IMPL, "INTERNET_REQFLAG_* bits of the answer"),
    Option(Opt.EXTENDED_ERROR, _NUMBER, _ANY, _NOWHERE, _IMPL,
           "Winsock number of the last failure of the system in this thread; 0 for none", 0),
    _stored(Opt.OFFLINE_MODE, "Not implemented by WinINet; see CONNECTED_STATE"),
    _refused(Opt.CACHE_STREAM_HANDLE, "WinINet does not implement it"),
    Option(Opt.USERNAME, _TEXT, _CR, _CR, _IMPL, "User name; on a request that of its connection", ""),
    Option(Opt.PASSWORD, _TEXT, _CR, _CR, _IMPL, "Password; on a request that of its connection", ""),
    _refused(Opt.ASYNC, "WinINet does not implement it"),
    Option(Opt.SECURITY_FLAGS, _NUMBER, _CR, _CR, _IMPL,
           "SECURITY_FLAG_* bits; setting adds IGNORE_* bits and takes none away", 0, bad_length=_INVALID),
    Option(Opt.SECURITY_CERTIFICATE_STRUCT, _RECORD, _R, _NOWHERE, _IMPL,
           "The server's certificate in fields; 12016 without TLS"),
    Option(Opt.DATAFILE_NAME, _TEXT, _R, _NOWHERE, _IMPL, "File of the cached answer; 12028 when there is none"),
    Option(Opt.URL, _TEXT, _R, _NOWHERE, _IMPL, "URL of the answer, after redirects"),
    Option(Opt.SECURITY_CERTIFICATE, _TEXT, _R, _NOWHERE, _IMPL, "The server's certificate as text; 12016 without TLS"),
    Option(Opt.SECURITY_KEY_BITNESS, _NUMBER, _R, _NOWHERE, _IMPL, "Bits of the TLS cipher; 0 when not known"),
    Option(Opt.REFRESH, _SIGNAL, _NOWHERE, _GS, _IMPL, "Read the proxies of the environment again"),
    Option(Opt.PROXY, Kind.PROXY, _GS, _GS, _IMPL,
           "Proxies; on the process those of PRECONFIG sessions opened or refreshed later"),
    Option(Opt.SETTINGS_CHANGED, _SIGNAL, _NOWHERE, _ANY, _IMPL,
           "Drop idle connections and what DNS said; on the process those of every session"),
    Option(Opt.VERSION, _VERSION, _GS, _NOWHERE, _IMPL, "Version of WinINet that is spoken", (1, 2)),
    Option(Opt.USER_AGENT, _TEXT, _S | _R, _S, _IMPL, 'User-Agent; "" for none'),
    Option(Opt.END_BROWSER_SESSION, _SIGNAL, _NOWHERE, _ANY, _IMPL,
           "Forget cookies without a lifetime, and idle connections; on the process those of every session"),
    Option(Opt.PROXY_USERNAME, _TEXT, _CR, _CR, _IMPL, "User name for the proxy", ""),
    Option(Opt.PROXY_PASSWORD, _TEXT, _CR, _CR, _IMPL, "Password for the proxy", ""),
    Option(Opt.CONTEXT_VALUE, _POINTER, _SCR, _SCR, _IMPL, "Context that callbacks and errors carry",
           bad_length=_INVALID),
    _refused(Opt.CONNECT_LIMIT, "WinINet does not implement it"),
    _refused(Opt.SECURITY_SELECT_CLIENT_CERT, "WinINet does not implement it"),
    _refused(Opt.POLICY, "WinINet does not implement it", _INVALID),
    _stored(Opt.DISCONNECTED_TIMEOUT, "Not implemented by WinINet"),
    Option(Opt.CONNECTED_STATE, Kind.CONNECTED, _G, _G, _IMPL,
           "1 on line; DISCONNECTED_BY_USER (0x10) takes the process off line: 12163", 1),
    _stored(Opt.IDLE_STATE, "Not implemented by WinINet"),
    _stored(Opt.OFFLINE_SEMANTICS, "Not implemented by WinINet"),
    _stored(Opt.SECONDARY_CACHE_KEY, "Text that sets cached answers to one URL apart", _TEXT, "", _R),
    _stored(Opt.CALLBACK_FILTER, "Not implemented by WinINet"),
    _stored(Opt.CONNECT_TIME, "Not implemented by WinINet"),
    _stored(Opt.SEND_THROUGHPUT, "Not implemented by WinINet"),
    _stored(Opt.RECEIVE_THROUGHPUT, "Not implemented by WinINet"),
    _stored(Opt.REQUEST_PRIORITY, "Requests are served in the order they were made", default=1000, at=_R),
    Option(Opt.HTTP_VERSION, _VERSION, _G | _R, _G, _IMPL, "Version that requests speak: (1, 1) or (1, 0)", (1, 1)),
    Option(Opt.RESET_URLCACHE_SESSION, _SIGNAL, _NOWHERE, _G, _STORED, "Accepted; there is no cache"),
    Option(Opt.ERROR_MASK, _NUMBER, _R, _SCR, _IMPL,
           "Errors the program can handle: 1 INSERT_CDROM, 2 COMBINED_SEC_CERT, 8 LOGIN_FAILURE_DISPLAY_ENTITY_BODY", 0,
           mask=0b1011, bad_length=_BAD_LENGTH),
    _stored(Opt.FROM_CACHE_TIMEOUT, "Time after which a cached copy is served", _MS, INFINITE),
    _stored(Opt.BYPASS_EDITED_ENTRY, "Whether cached answers a program edited are passed by", _FLAG, default=False),
    Option(Opt.HTTP_DECODING, _FLAG, _SCR, _SCR, _IMPL,
           "Whether answers are asked for in a content coding and decoded", default=False, bad_length=_INVALID),
    Option(Opt.DIAGNOSTIC_SOCKET_INFO, _RECORD, _R, _NOWHERE, _IMPL,
           "(socket, source port, destination port, flags) of the connection"),
    _codepage(Opt.CODEPAGE, "a URL's host"),
    Option(Opt.CACHE_TIMESTAMPS, _RECORD, _R, _NOWHERE, _IMPL,
           "(expires, last modified) of a cached answer; 2 without one"),
    _stored(Opt.DISABLE_AUTODIAL, "Nothing is dialled", _FLAG, default=False),
    Option(Opt.MAX_CONNS_PER_SERVER, _NUMBER, _G, _G, _IMPL,
           "Open HTTP files at once to one scheme, host and port; no limit until it is set", 2, low=1,
           out_of_range=_BAD_ARGUMENTS, bad_length=_BAD_LENGTH, wrong_handle=_INVALID_OPERATION),
    Option(Opt.MAX_CONNS_PER_1_0_SERVER, _NUMBER, _G, _G, _STORED,
           "The same of HTTP/1.0 servers, which are not known beforehand", 4, low=1, out_of_range=_BAD_ARGUMENTS,
           bad_length=_BAD_LENGTH, wrong_handle=_INVALID_OPERATION),
    Option(Opt.PER_CONNECTION_OPTION, Kind.PROXY_LIST, _GS, _GS, _IMPL,
           "PROXY in parts: 1 flags (1 direct, 2 proxy), 2 proxy, 3 bypass; 4 and 5 are stored, 6 to 9 are 0"),
    Option(Opt.DIGEST_AUTH_UNLOAD, _SIGNAL, _NOWHERE, _G, _STORED, "Accepted; no digest credentials are kept"),
    Option(Opt.IGNORE_OFFLINE, _FLAG, _R, _R, _IMPL, "Send the request when the process is off line", default=False),
    _refused(Opt.IDENTITY, "WinINet does not implement it"),
    _refused(Opt.REMOVE_IDENTITY, "WinINet does not implement it"),
    _refused(Opt.ALTER_IDENTITY, "WinINet does not implement it"),
    Option(Opt.SUPPRESS_BEHAVIOR, _NUMBER, _NOWHERE, _G, _STORED,
           "0 to 4: cookies as of COOKIE_PERSIST (3) and COOKIE_POLICY (1); none outlives its session anyway",
           high=4, bad_length=_BAD_LENGTH),
    _stored(Opt.AUTODIAL_MODE, "Nothing is dialled"),
    _stored(Opt.AUTODIAL_CONNECTION, "Nothing is dialled", _TEXT, ""),
    Option(Opt.CLIENT_CERT_CONTEXT, Kind.CERTIFICATE, _NOWHERE, _R, _IMPL, "Client certificate of the request, PEM"),
    _stored(Opt.AUTH_FLAGS, "Restrictions of automatic logon, of which there is none"),
    _refused(Opt.COOKIES_3RD_PARTY, "Not documented"),
    _stored(Opt.DISABLE_PASSPORT_AUTH, "There is no Passport"),
    _stored(Opt.SEND_UTF8_SERVERNAME_TO_PROXY, "Proxies get names in their ASCII form"),
    _stored(Opt.EXEMPT_CONNECTION_LIMIT, "MAX_CONNS_PER_SERVER holds for all"),
    _stored(Opt.ENABLE_PASSPORT_AUTH, "There is no Passport"),
    _stored(Opt.HIBERNATE_INACTIVE_WORKER_THREADS, "Concerns threads of WinINet"),
    _stored(Opt.ACTIVATE_WORKER_THREADS, "Concerns threads of WinINet"),
    _stored(Opt.RESTORE_WORKER_THREAD_DEFAULTS, "Concerns threads of WinINet"),
    _stored(Opt.SOCKET_SEND_BUFFER_LENGTH, "The system sizes the send buffers of sockets"),
    Option(Opt.PROXY_SETTINGS_CHANGED, _SIGNAL, _NOWHERE, _ANY, _IMPL, "REFRESH of every session"),
    Option(Opt.DATAFILE_EXT, _TEXT, _NOWHERE, _R, _STORED, "Suffix of the cache file; there is no cache"),
    Option(Opt.UNDOCUMENTED_98, _NUMBER, _R, _NOWHERE, _IMPL, "SECURITY_FLAGS", same_as=Opt.SECURITY_FLAGS),
    Option(Opt.UNDOCUMENTED_99, _NUMBER, _NOWHERE, _R, _IMPL, "SECURITY_FLAGS; 12011 for a bit that cannot be set",
           mask=SECURITY_SET_MASK, out_of_range=_NOT_SETTABLE, bad_length=_INVALID, same_as=Opt.SECURITY_FLAGS),
    _codepage(Opt.CODEPAGE_PATH, "a URL's path"),
    _codepage(Opt.CODEPAGE_EXTRA, "a URL's query"),
    Option(Opt.IDN, _NUMBER, _CR, _CR, _IMPL, "Whether host names may be other than ASCII: 0 for no, 1 to 3 for yes", 3,
           high=3),
    Option(Opt.MAX_CONNS_PER_PROXY, _NUMBER, _G, _G, _STORED, "Connections to one proxy, 2 to 128", 8, low=2, high=128),
    Option(Opt.SUPPRESS_SERVER_AUTH, _FLAG, _NOWHERE, _R, _IMPL,
           "Send no credentials to the server, only to the proxy; 12019 after the request was sent"),
    Option(Opt.SERVER_CERT_CHAIN_CONTEXT, _RECORD, _R, _NOWHERE, _IMPL,
           "The server's certificates, PEM, its own first; 12019 before TLS"),
    Option(Opt.ENABLE_REDIRECT_CACHE_READ, _FLAG, _NOWHERE, _R, _STORED,
           "Whether redirects are served from the cache, of which there is none"),
    Option(Opt.COMPRESSED_CONTENT_LENGTH, _POINTER, _R, _NOWHERE, _IMPL, "Content-Length before decoding"),
    Option(Opt.ENABLE_HTTP_PROTOCOL, _NUMBER, _NOWHERE, _ANY, _IMPL,
           "Protocols beside HTTP/1.1: 2 HTTP/2 (over TLS), 4 HTTP/3 where libcurl has it", 0, mask=0b110),
    Option(Opt.HTTP_PROTOCOL_USED, _NUMBER, _R, _NOWHERE, _IMPL, "2 HTTP/2, 4 HTTP/3, 0 HTTP/1.1 or earlier", 0),
    _stored(Opt.ENCODE_EXTRA, "What is not ASCII in a query is always percent-encoded", _FLAG, default=False),
    _stored(Opt.HSTS, "Strict transport security needs a profile", _FLAG, default=False),
    _stored(Opt.ENTERPRISE_CONTEXT, "Concerns Windows alone"),
    _stored(Opt.OPT_IN_WEAK_SIGNATURE, "The TLS library judges signatures"),
)  # fmt: skip

OPTIONS: Mapping[int, Option] = MappingProxyType({int(row.number): row for row in _ROWS})
"""Number to row: every option that has a name. What is absent is 12009."""
