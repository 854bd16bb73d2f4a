"""Options of HTTP files. Source: WinINet ``InternetSetOption``, ``InternetQueryOption``; the table: `table.py`."""

# ruff: noqa: SLF001 - a part of the file in a file of its own

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pyinet._files.answer import HttpAnswer
from pyinet._options import access
from pyinet._options.access import Version
from pyinet._options.handle import CERTIFICATE_FLAGS, HandleHolder
from pyinet._options.table import Level
from pyinet._request.credentials import Credentials
from pyinet._request.security import ClientCertificate
from pyinet._urls.wire import encode_url, origin_of, split_authority
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetFlag
from pyinet.enums import InternetOption as Opt
from pyinet.errors import CallerError, HeaderNotFound, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyinet._request.plan import Plan
    from pyinet._settings import Settings
    from pyinet._transfer.engine import Peer
    from pyinet._transfer.pack import Row
    from pyinet._transfer.reporting import Reporter
    from pyinet._transfer.streaming import Streaming

__all__ = ["FileOptions", "SocketInfo"]

_DONT_CACHE = int(InternetFlag.DONT_CACHE)
_VIA_PROXY, _NO_HEADERS, _CACHE_WRITE_DISABLED = 0x04, 0x08, 0x40  # RequestFlag
_SECURE, _WEAK, _STRONG, _MEDIUM, _UNKNOWN = 1, 0x10000000, 0x20000000, 0x40000000, 0x80000000  # SecurityFlag
_STRONG_BITS, _MEDIUM_BITS = 128, 56
_IDSI_SECURE, _IDSI_PROXY = 2, 4  # IDSI_FLAG_*
_PROTOCOLS = {"2": 2, "3": 4}  # HTTP_PROTOCOL_FLAG_*


class SocketInfo(NamedTuple):
    """``INTERNET_DIAGNOSTIC_SOCKET_INFO``.

    Attributes:
        socket: Always 0: it belongs to libcurl.
        source_port: TCP port on this side; 0 when the connection is no longer known.
        destination_port: TCP port on the other side.
        flags: ``IDSI_FLAG_*``: 1 kept alive, 2 TLS, 4 proxy, 8 tunnel.
    """

    socket: int
    source_port: int
    destination_port: int
    flags: int


class FileOptions(HttpAnswer):
    """Base of `HttpFile`: its options."""

    _settings: Settings
    _plan: Plan | None
    _row: Row | None
    _credentials: Credentials | None
    _ignores_offline = False
    _peer: Peer | None = None  # facts of the connection, remembered when it was given back

    if TYPE_CHECKING:

        def _planned(self) -> Plan: ...

        def _own_settings(self) -> Settings: ...

    def set_option(self, option: Opt | int, value: object = None, flags: int = 0) -> None:
        """Set an option of the request: it holds when the request is sent next.

        USERNAME and PASSWORD are also those of its connection, and of all that is open on it.

        Args:
            option: ``INTERNET_OPTION_*``.
            value: As the option has it: milliseconds (0xFFFFFFFF for no limit), a number, bool, str or tuple; options
                without a value ignore it.
            flags: ``ISO_GLOBAL`` (1) and ``ISO_REGISTRY`` (2) are ignored.

        Raises:
            CallerError: 12009, there is no such option; 12011, it can only be queried, or a bit cannot be set; 12018 or
                12016, it is not one of requests; 12019, SUPPRESS_SERVER_AUTH after the request was sent; 87, *value*
                has the wrong type or size, or is out of range, or *flags* are.
            LocalFileError: A file of CLIENT_CERT_CONTEXT cannot be read.
            HandleClosed: 6, the file was closed.

        Source: WinINet ``InternetSetOption``.
        """
        self._handle.check("the file")
        access.set_option(_Holder(self), option, value, flags)

    def query_option(self, option: Opt | int) -> Any:  # noqa: ANN401 - of the type that the option has
        """Return the value of an option: an int, bool, str, list or tuple.

        Args:
            option: ``INTERNET_OPTION_*``.

        Raises:
            CallerError: 12009, there is no such option; 12018 or 12016, it is not one of requests, or can only be set;
                12028, 2, the answer is not from a cache; 12016, 12019, there is no TLS connection, or no answer yet.
            HeaderNotFound: 12150, the answer has no Content-Length.
            HandleClosed: 6, the file was closed.

        Source: WinINet ``InternetQueryOption``.
        """
        self._handle.check("the file")
        return access.query_option(_Holder(self), option)

    # ---- what it is ----

    def _own_credentials(self) -> Credentials:
        if self._credentials is None:
            from pyinet._transfer.pack import Row  # both here: few files of open_url are asked
            from pyinet.request import Request

            plan = self._planned()
            row = Row(Request(plan.url), self._settings)  # it takes them out of the URL
            self._credentials = Credentials(row.user, row.password)
            self._credentials.user = row.user  # "" is the current user
            plan.base = row.url
        return self._credentials

    def _option_reporter(self) -> Reporter | None:
        if self._watch is not None:
            return self._watch.reporter
        found: Reporter | None = getattr(self._parent, "_reporter", None)
        return found

    def _report_as(self, context: int) -> None:
        if self._watch is not None:
            self._watch.context = context
            return
        reporter = self._option_reporter()
        if context and reporter is not None and self._busy.acquire(blocking=False):  # whoever is inside stays silent
            try:
                self._watch = reporter.watch(context)
            finally:
                self._busy.release()

    @property
    def _all_flags(self) -> int:
        """``INTERNET_FLAG_*`` bits of the request."""
        if self._plan is not None:
            return self._plan.flags | self._settings.flag_bits
        return self._settings.flag_bits if self._row is None else self._row.flags

    @property
    def _was_sent(self) -> bool:
        return self._headers is not None or self._stream is not None

    @property
    def _goes_by_proxy(self) -> bool:
        return self._row is not None and self._was_sent and self._settings.proxy_for(self._row.url) is not None

    # ---- the connection ----

    @property
    def _is_secure(self) -> bool:
        return self._url[:6].lower() == "https:"

    def remember(self, stream: Streaming) -> None:
        """Keep what is known of the connection: *stream* is given back. Of TLS alone, as it costs some microseconds."""
        self._peer = stream.peer if self._is_secure else None

    def _give_back(self) -> None:
        if self._stream is not None:
            self.remember(self._stream)
        super()._give_back()

    def _connection(self) -> Peer | None:
        """The connection the answer came on; None while there is none, or when it is no longer known."""
        if self._headers is None:
            return None
        return self._peer if self._stream is None else self._stream.peer

    def _certificates(self) -> tuple[bytes, ...]:
        peer = self._connection()
        return () if peer is None else peer.chain


class _Holder(HandleHolder):
    level = Level.REQUEST

    def __init__(self, file: FileOptions) -> None:
        super().__init__(file)
        self._file = file

    def option_value(self, option: Opt) -> object:
        read = _VALUES.get(option)
        return super().option_value(option) if read is None else read(self._file)

    def option_changed(self, option: Opt, value: Any) -> None:  # noqa: ANN401 - checked and converted
        file = self._file
        if option == Opt.SECURITY_FLAGS:
            file._planned().security |= value
        elif option == Opt.CLIENT_CERT_CONTEXT:
            certificate, key, *password = value
            _check_readable(certificate, key, url=file.name)
            file._planned().certificate = ClientCertificate(certificate, key, password[0] if password else None)
        elif option == Opt.SUPPRESS_SERVER_AUTH:
            if file._was_sent:
                raise _error("the request was sent", Code.ERROR_INTERNET_INCORRECT_HANDLE_STATE, file)
            file._planned().suppresses_auth = value
        elif option == Opt.IGNORE_OFFLINE:
            file._ignores_offline = value
        else:
            super().option_changed(option, value)


def _error(what: str, code: int, file: FileOptions) -> CallerError:
    return CallerError(describe(what, code, url=file.name), code, url=file.name)


def _check_readable(*paths: str, url: str) -> None:
    from pyinet._stdio.local import bad_path, file_error  # here: few programs have a client certificate

    for path in paths:
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - the error names the path as it was given
                file.read(1)
        except OSError as error:
            raise file_error("cannot read", error, path, url) from error
        except ValueError as error:
            raise bad_path(path, error) from error


def _request_flags(file: FileOptions) -> int:
    flags = 0 if file._headers is not None else _NO_HEADERS
    if file._goes_by_proxy:
        flags |= _VIA_PROXY
    if file._all_flags & _DONT_CACHE:
        flags |= _CACHE_WRITE_DISABLED
    return flags


def _security_flags(file: FileOptions) -> int:
    flags = file._all_flags & CERTIFICATE_FLAGS
    if file._plan is not None:
        flags |= file._plan.security
    if file._headers is None or not file._is_secure:
        return flags
    return flags | _SECURE | _strength(file._connection())


def _strength(peer: Peer | None) -> int:
    if peer is None or not peer.cipher_bits:
        return _UNKNOWN
    bits = peer.cipher_bits
    return _STRONG if bits >= _STRONG_BITS else _MEDIUM if bits >= _MEDIUM_BITS else _WEAK


def _current_url(file: FileOptions) -> str:
    """Where the answer came from, or the request goes: without user and password."""
    scheme, _, rest = encode_url(file._url).partition("://")
    authority, _ = split_authority(rest)
    return f"{scheme}://{rest[authority.rfind('@') + 1 :]}"


def _http_version(file: FileOptions) -> Version:
    if file._headers is None:
        return Version(1, 0 if file._plan is not None and file._plan.http10 else 1)
    major, _, minor = file.http_version.partition(".")
    return Version(int(major), int(minor or 0))


def _protocol_used(file: FileOptions) -> int:
    return 0 if file._headers is None else _PROTOCOLS.get(file.http_version, 0)


def _socket_info(file: FileOptions) -> SocketInfo:
    peer = file._connection()
    if peer is not None:
        return SocketInfo(0, peer.source_port, peer.destination_port, peer.flags)
    scheme, _, port = origin_of(_current_url(file))
    flags = _IDSI_SECURE if scheme == "https" else 0
    return SocketInfo(0, 0, port, flags | _IDSI_PROXY if file._goes_by_proxy else flags)


def _cipher_bits(file: FileOptions) -> int:
    peer = file._connection()
    return 0 if peer is None else int(peer.cipher_bits)


def _of_certificate(file: FileOptions, name: str) -> object:
    peer = file._connection()
    if peer is None or not peer.chain:
        raise _error("there is no TLS connection", Code.ERROR_INTERNET_INVALID_OPERATION, file)
    from pyinet._answer import certificate  # here: few programs ask

    read: Callable[[bytes, str, str, int], object] = getattr(certificate, name)
    return read(peer.chain[0], peer.protocol, peer.cipher, peer.cipher_bits)


def _chain(file: FileOptions) -> list[str]:
    chain = file._certificates()
    if not chain:
        raise _error("there is no TLS connection", Code.ERROR_INTERNET_INCORRECT_HANDLE_STATE, file)
    from pyinet._answer.certificate import chain_pem  # as above

    texts: list[str] = chain_pem(chain)
    return texts


def _encoded_length(file: FileOptions) -> int:
    headers = file.headers if file._encoded is None else file._encoded
    value = headers.get("content-length", "").partition(",")[0].strip()
    if value.isascii() and value.isdigit():
        return int(value)
    code = Code.ERROR_HTTP_HEADER_NOT_FOUND
    raise HeaderNotFound(describe("the answer has no Content-Length", code, url=file.name), code, url=file.name)


def _no_data_file(file: FileOptions) -> object:
    raise _error("the answer is in no file", Code.ERROR_INTERNET_ITEM_NOT_FOUND, file)


def _no_timestamps(file: FileOptions) -> object:
    raise _error("the answer is not in the cache", Code.ERROR_FILE_NOT_FOUND, file)


_VALUES: Mapping[Opt, Callable[[FileOptions], object]] = {
    Opt.REQUEST_FLAGS: _request_flags,
    Opt.SECURITY_FLAGS: _security_flags,
    Opt.SECURITY_CERTIFICATE_STRUCT: lambda file: _of_certificate(file, "certificate_fields"),
    Opt.DATAFILE_NAME: _no_data_file,
    Opt.URL: _current_url,
    Opt.SECURITY_CERTIFICATE: lambda file: _of_certificate(file, "certificate_text"),
    Opt.SECURITY_KEY_BITNESS: _cipher_bits,
    Opt.USER_AGENT: lambda file: file._settings.agent,
    Opt.HTTP_VERSION: _http_version,
    Opt.ERROR_MASK: lambda file: file._settings.error_mask,
    Opt.DIAGNOSTIC_SOCKET_INFO: _socket_info,
    Opt.CACHE_TIMESTAMPS: _no_timestamps,
    Opt.IGNORE_OFFLINE: lambda file: file._ignores_offline,
    Opt.SERVER_CERT_CHAIN_CONTEXT: _chain,
    Opt.COMPRESSED_CONTENT_LENGTH: _encoded_length,
    Opt.HTTP_PROTOCOL_USED: _protocol_used,
}
