"""`HttpConnection`: a web server that requests are opened on. Source: MFC ``CHttpConnection``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet._process import PROCESS
from pyinet._request.headers import RequestHeaders
from pyinet._request.line import accept_header, checked_verb, http_version_of, object_target
from pyinet._request.plan import Plan
from pyinet.enums import HttpVerb, InternetFlag, InternetHandleType, InternetService
from pyinet.errors import invalid_parameter
from pyinet.httpfile import HttpFile
from pyinet.internetconnection import InternetConnection
from pyinet.internetfile import check_open

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyinet._request.body import Body
    from pyinet._request.credentials import Credentials
    from pyinet._request.headers import HeaderLines
    from pyinet.internetconnection import Session


__all__ = ["HttpConnection"]

_HTTP, _HTTPS = 80, 443
_ASYNC = int(InternetFlag.ASYNC)
_SECURE = int(InternetFlag.SECURE)
_INHERITED = int(InternetFlag.SECURE | InternetFlag.IGNORE_CERT_CN_INVALID | InternetFlag.IGNORE_CERT_DATE_INVALID)
_NOT_CACHED = int(InternetFlag.DONT_CACHE)
_CACHED_VERBS = frozenset({"GET", "POST"})
_FORM = "application/x-www-form-urlencoded"


class HttpConnection(InternetConnection):
    """A web server. Nothing is sent before a request is; several may be open at once, each on its own transfer.

    Source: MFC ``CHttpConnection``.
    """

    service = InternetService.HTTP

    def __init__(self, session: Session, server: str, port: int, credentials: Credentials, flags: InternetFlag) -> None:
        """Made by `InternetSession.get_http_connection`."""
        super().__init__(session, InternetHandleType.CONNECT_HTTP, server, port, credentials, flags)

    @property
    def port(self) -> int:
        """TCP port: the given one, or 443 with ``INTERNET_FLAG_SECURE`` and 80 without."""
        return self._given_port or (_HTTPS if self.secure else _HTTP)

    def open_request(
        self,
        verb: HttpVerb | str | int | None = "GET",
        object_name: str | None = "/",
        *,
        referer: str | None = None,
        context: int | None = None,
        accept_types: Iterable[str] | None = None,
        version: str | None = None,
        flags: InternetFlag | int = InternetFlag.EXISTING_CONNECT,
        headers: HeaderLines | None = None,
    ) -> HttpFile:
        r"""Open a request: it is checked, and nothing is sent before `HttpFile.send_request`.

        Args:
            verb: Method, an `HttpVerb` or its text, case kept (RFC 9110 section 9.1); None or "" for GET.
            object_name: Path and query. What may not stand in a URL is percent-encoded, ``\`` becomes ``/``.
            referer: Value of Referer; None or "" for none.
            context: What callbacks and errors of the file carry; None or 1: the connection's; 0: no callbacks.
            accept_types: Media types for Accept; None for no such header.
            version: "HTTP/1.0" or "HTTP/1.1", also without "HTTP/"; None for 1.1.
            flags: ``INTERNET_FLAG_*``, besides those of the connection and the session.
            headers: Request headers, as for `HttpFile.add_request_headers`.

        Raises:
            CallerError: 87, an argument cannot be used; 12005, the object holds a line break; 12153, a header is
                malformed.
            NotSupported: 50, a version or a verb that is not supported.
            HandleClosed: 6, the connection was closed.

        Source: MFC ``CHttpConnection::OpenRequest``, both overloads.
        """
        method, target = checked_verb(verb), object_target(object_name)
        http10 = http_version_of(version) == "1.0" if version is not None else PROCESS.http_1_0
        own = RequestHeaders()
        if accept_types is not None:
            accept = accept_header(accept_types)
            own.add([("Accept", accept)] if accept else None)
        if referer:
            own.add([("Referer", referer)])
        if headers is not None:
            own.add(headers)
        bits = _checked_flags(flags) | self._flags & _INHERITED
        if method not in _CACHED_VERBS:
            bits |= _NOT_CACHED
        self._handle.check("the connection")
        plan = Plan(self._base(bits), target, method, bits, own, http10=http10, object_name=object_name or "/")
        plan.security = self._security
        inherits = context is None or context == 1
        watch = None
        number = self._handle.context if inherits else context
        if self._reporter is not None and number:
            watch = self._reporter.watch(number)
        file = HttpFile(self, self.session, number or 0, watch, self._snapshot())
        file.ask(plan, self._credentials)
        check_open(file.handle_node, plan.url)  # the callback of HANDLE_CREATED may have closed it
        return file

    def _base(self, flags: int) -> str:
        """Scheme and authority of a request with *flags*."""
        secure = bool(flags & _SECURE)
        standard = _HTTPS if secure else _HTTP
        port = self._given_port or standard
        host = self.server_name
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
        return f"http{'s' if secure else ''}://{host}" + (f":{port}" if port != standard else "")

    # ---- open and send ----

    def _send(self, verb: HttpVerb, object_name: str, data: Body | None, options: dict[str, object]) -> HttpFile:
        file = self.open_request(verb, object_name, **options)  # type: ignore[arg-type]  # names of its own
        try:
            return file.send_request(data=data)
        except BaseException:
            file.close()
            raise

    def get(self, object_name: str = "/", **options: object) -> HttpFile:
        """Open a GET and send it. *options*: those of `open_request`; it raises what `HttpFile.send_request` does."""
        return self._send(HttpVerb.GET, object_name, None, options)

    def head(self, object_name: str = "/", **options: object) -> HttpFile:
        """Open a HEAD and send it; as `get`."""
        return self._send(HttpVerb.HEAD, object_name, None, options)

    def delete(self, object_name: str = "/", **options: object) -> HttpFile:
        """Open a DELETE and send it; as `get`."""
        return self._send(HttpVerb.DELETE, object_name, None, options)

    def post(self, object_name: str, data: Body, content_type: str = _FORM, **options: object) -> HttpFile:
        """Open a POST and send it with *data*; as `get`. *content_type*: "" for none."""
        return self._send(HttpVerb.POST, object_name, data, _with_type(options, content_type))

    def put(self, object_name: str, data: Body, content_type: str = "", **options: object) -> HttpFile:
        """Open a PUT and send it with *data*; as `post`."""
        return self._send(HttpVerb.PUT, object_name, data, _with_type(options, content_type))


def _with_type(options: dict[str, object], content_type: str) -> dict[str, object]:
    own = RequestHeaders()
    if options.get("headers") is not None:
        own.add(options["headers"])  # type: ignore[arg-type]  # it checks
    if content_type and "content-type" not in own:
        own.add([("Content-Type", content_type)])
    return {**options, "headers": list(own)}


def _checked_flags(flags: InternetFlag | int) -> int:
    if not isinstance(flags, int):
        raise invalid_parameter(f"flags must be InternetFlag or a whole number, not {flags!r}")
    bits = int(flags)  # a plain number: an operation on the enum costs a microsecond
    if bits & _ASYNC:
        raise invalid_parameter("INTERNET_FLAG_ASYNC: a request is synchronous", "use fetch_one_async, or threads")
    return bits
