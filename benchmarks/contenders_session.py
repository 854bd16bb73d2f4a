"""The contenders of what a session adds: event loops, files, status callbacks, cookies, threads."""
# ruff: noqa: ANN401, D102 - as in contenders

from __future__ import annotations

import asyncio
import socket
import threading
import time
from importlib.metadata import version
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from bodies import COOKIE_HOSTS, COOKIES_PER_HOST, expected_cookies
from contenders import Contender, PycurlBase, Pyinet
from job import host_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from contenders import Accept, Buffer
    from job import Job
    from typing_extensions import Self

ROW_STATUSES = ("SENDING_REQUEST", "REQUEST_SENT", "RECEIVING_RESPONSE", "RESPONSE_RECEIVED")
"""What each row on a connection that is kept alive reports, once."""
FAR_FUTURE = "expires=Fri, 31-Dec-2100 23:59:59 GMT"


# ---- one request for each await, under uvloop ----


class PyinetAsync(Pyinet):
    """`fetch_one_async` under uvloop, as many worker tasks as requests in flight."""

    label = "pyinet+uvloop"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        import uvloop

        self._uvloop = uvloop

    def versions(self) -> dict[str, str]:
        return {**super().versions(), "uvloop": version("uvloop")}

    def get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:
        self._uvloop.run(self._get_many(urls, in_flight, accept))

    async def _get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:
        source, session = iter(urls), self._session

        async def work() -> None:
            for url in source:
                accept(await session.fetch_one_async(url))

        await asyncio.gather(*(work() for _ in range(in_flight)))


class Pyreqwest(Contender):
    """One `Client` under uvloop, as many worker tasks as requests in flight; decodings as the others offer them."""

    label = "pyreqwest+uvloop"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        import pyreqwest.client
        import uvloop

        self._pyreqwest, self._uvloop = pyreqwest.client, uvloop

    def versions(self) -> dict[str, str]:
        return {"pyreqwest": version("pyreqwest"), "uvloop": version("uvloop")}

    def get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:
        self._uvloop.run(self._get_many(urls, in_flight, accept))

    async def _get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:
        source = iter(urls)

        async def work(client: Any) -> None:
            for url in source:
                response = await client.get(url).build().send()
                accept((url, await response.bytes()))

        builder = self._pyreqwest.ClientBuilder().user_agent(self.job.agent).no_proxy()
        async with builder.gzip(True).deflate(True).brotli(True).zstd(True).build() as client:
            await asyncio.gather(*(work(client) for _ in range(in_flight)))


# ---- statuses ----


class PyinetRequests(Pyinet):
    """`fetch` of `Request` objects with a context, callbacks not enabled."""

    label = "pyinet, Requests"

    def get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:
        request = self._pyinet.Request
        for result in self._session.fetch((request(url, context=7) for url in urls), in_flight=in_flight):
            accept(result)


class PyinetWatched(PyinetRequests):
    """The same rows, each reporting its statuses to a callback that counts them."""

    label = "pyinet, watched"

    def __enter__(self) -> Self:
        told: dict[str, int] = {}
        tally = [0]

        class Counting(self._pyinet.InternetSession):  # type: ignore[name-defined,misc]
            def on_status_callback(self, context: int, status: Any, info: object) -> None:  # noqa: ARG002
                tally[0] += 1

        class Sorting(Counting):
            def on_status_callback(self, context: int, status: Any, info: object) -> None:
                super().on_status_callback(context, status, info)
                told[status.name] = told.get(status.name, 0) + 1

        kind = Sorting if self.job.verify else Counting
        self._session = kind(self.job.agent, access_type=self._pyinet.AccessType.DIRECT)
        self._session.enable_status_callback()
        self._told, self._tally = told, tally
        return self

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        if exc[0] is not None:
            return
        if self._tally[0] < len(ROW_STATUSES) * self.job.count:
            raise RuntimeError(f"{self._tally[0]} statuses of {self.job.count} rows")
        if self.job.verify and {self._told[name] for name in ROW_STATUSES} != {self.job.count}:
            raise RuntimeError(f"statuses of {self.job.count} rows: {self._told}")


# ---- files ----


class PyinetOpenUrl(Pyinet):
    """`open_url(url).read()`, and `read(n)` for large bodies."""

    label = "pyinet, open_url"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.url_of, self.body_of = itemgetter(0), itemgetter(1)

    def get_one(self, url: str) -> tuple[str, bytes]:
        return url, self._session.open_url(url).read()

    def get_chunks(self, url: str, size: int, accept: Callable[[Buffer], None]) -> None:
        with self._session.open_url(url) as file:
            while chunk := file.read(size):
                accept(chunk)


class Urllib3(Contender):
    """One `PoolManager`."""

    label = "urllib3"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        import urllib3

        self._urllib3 = urllib3

    def __enter__(self) -> Self:
        name, _, codings = self.job.codings.partition(": ")
        self._pool = self._urllib3.PoolManager(headers={"User-Agent": self.job.agent, name: codings})
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.clear()

    def versions(self) -> dict[str, str]:
        return {"urllib3": version("urllib3")}

    def get_one(self, url: str) -> tuple[str, bytes]:
        return url, self._pool.request("GET", url).data


class PycurlChunks(PycurlBase):
    """`perform` with a callback that copies into one memoryview, handed over whenever it is full."""

    label = "pycurl into memoryview"

    def get_chunks(self, url: str, size: int, accept: Callable[[Buffer], None]) -> None:
        easy, _ = self._easy()
        chunk = memoryview(bytearray(size))
        at = 0

        def write(data: bytes) -> None:
            nonlocal at
            end = at + len(data)
            if end < size:
                chunk[at:end] = data
                at = end
                return
            taken = size - at
            chunk[at:] = data[:taken]
            accept(chunk)
            at = len(data) - taken
            chunk[:at] = data[taken:]

        easy.setopt(self._pycurl.WRITEFUNCTION, write)
        easy.setopt(self._pycurl.BUFFERSIZE, 512 << 10)  # pyinet's; the default costs more
        easy.setopt(self._pycurl.URL, url)
        easy.perform()
        easy.close()
        if at:
            accept(chunk[:at])


class BareSocket(Contender):
    """`recv_into` of a socket and no HTTP to speak of: what the kernel takes for the bytes, whoever reads them."""

    label = "recv_into alone"

    def get_chunks(self, url: str, size: int, accept: Callable[[Buffer], None]) -> None:
        parts = urlsplit(url)
        chunk = memoryview(bytearray(size))
        with socket.create_connection((parts.hostname, parts.port)) as sock:
            sock.sendall(f"GET {parts.path} HTTP/1.0\r\n\r\n".encode("ascii"))
            got = sock.recv_into(chunk)
            head = bytes(chunk[:got]).index(b"\r\n\r\n") + 4  # nginx sends it in one piece
            accept(chunk[head:got])
            while got := sock.recv_into(chunk):
                accept(chunk[:got])


# ---- cookies ----


class PyinetHosts(Pyinet):
    """`fetch` from many host names with an empty jar. Opened in the constructor: filling a jar is not measured."""

    label = "pyinet, empty jar"

    padding: ClassVar[str] = ""
    per_host: ClassVar[int] = 4

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._session = self._pyinet.InternetSession(
            job.agent + self.padding, access_type=self._pyinet.AccessType.DIRECT, resolve={"*": "127.0.0.1"}
        )

    def __enter__(self) -> Self:
        return self

    def get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:
        for result in self._session.fetch(urls, in_flight=in_flight, per_host=self.per_host):
            accept(result)


class PyinetPadded(PyinetHosts):
    """The same with as many bytes more in its User-Agent as cookies take: libcurl's share, for each byte costs."""

    label = "pyinet, empty jar, as many bytes"
    padding = "x" * len(f"Cookie: {expected_cookies()}\r\n")


class PyinetCookies(PyinetHosts):
    """The same with cookies for each host, and for others that get no request."""

    label = "pyinet, 10,000 cookies"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        port = urlsplit(job.distinct_urls()[0]).port
        self.origins = [f"http://{host_name(number)}:{port}" for number in range(COOKIE_HOSTS)]
        for origin in self.origins:
            for number in range(COOKIES_PER_HOST):
                self._session.set_cookie(f"{origin}/", f"name{number}", f"value{number}; {FAR_FUTURE}")

    def get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:
        if self.job.verify:
            self._verify_sent()
        super().get_many(urls, in_flight, accept)

    def _verify_sent(self) -> None:
        """Have the server say what it got, for each host."""
        expected = expected_cookies().encode("ascii")
        for result in self._session.fetch([f"{origin}/cookie" for origin in self.origins]):
            if result.body != expected:
                raise RuntimeError(f"{result.request.url}: Cookie: {result.body!r}")


class PyinetHeader(PyinetCookies):
    """What that costs in Python alone: the jar's header for each URL, nothing sent."""

    label = "header alone"
    verifiable = False

    def get_one(self, url: str) -> tuple[str, str]:
        return url, self._jar.header(url, time.time())

    def __enter__(self) -> Self:
        self.url_of, self.body_of = itemgetter(0), itemgetter(1)
        self._jar = self._session._settings.jar  # noqa: SLF001 - no public call gives what is sent
        return self


class PyinetGetCookie(PyinetCookies):
    """`get_cookie` for each URL."""

    label = "pyinet, get_cookie"
    verifiable = False

    def __enter__(self) -> Self:
        self.url_of, self.body_of = itemgetter(0), itemgetter(1)
        return self

    def get_one(self, url: str) -> tuple[str, str]:
        return url, self._session.get_cookie(url)


# ---- threads ----


class PyinetThreads(Pyinet):
    """As many threads as requests in flight on one session, each with URLs of its own through `fetch_one`."""

    label = "pyinet threads, fetch_one"

    def get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:
        every = list(urls)
        shares = [every[number::in_flight] for number in range(in_flight)]
        answers: list[list[Any]] = [[] for _ in shares]
        begin = threading.Barrier(in_flight)

        def work(share: list[str], into: list[Any]) -> None:
            begin.wait()  # all of them at once
            self._work(share, into)

        threads = [threading.Thread(target=work, args=pair) for pair in zip(shares, answers, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for share, got in zip(shares, answers, strict=True):
            if sorted(map(self.url_of, got)) != sorted(share):
                raise RuntimeError(f"{len(got)} answers for {len(share)} requests of a thread, or not its own")
            for result in got:
                accept(result)

    def _work(self, share: Sequence[str], into: list[Any]) -> None:
        into.extend(map(self._session.fetch_one, share))


class PyinetThreadsFetch(PyinetThreads):
    """The same with a `fetch` in each thread."""

    label = "pyinet threads, fetch"

    def _work(self, share: Sequence[str], into: list[Any]) -> None:
        into.extend(self._session.fetch(share, in_flight=4))


class PyinetThreadsOpen(PyinetThreads):
    """The same with an `open_url` for each URL."""

    label = "pyinet threads, open_url"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.url_of, self.body_of = itemgetter(0), itemgetter(1)

    def _work(self, share: Sequence[str], into: list[Any]) -> None:
        for url in share:
            with self._session.open_url(url) as file:
                into.append((url, file.read()))


CONTENDERS: dict[str, type[Contender]] = {
    contender.label: contender
    for contender in (
        *(PyinetAsync, Pyreqwest, PyinetRequests, PyinetWatched, PyinetOpenUrl, Urllib3, PycurlChunks, BareSocket),
        *(PyinetHosts, PyinetPadded, PyinetCookies, PyinetHeader, PyinetGetCookie),
        *(PyinetThreads, PyinetThreadsFetch, PyinetThreadsOpen),
    )
}
