"""The clients compared, each behind the same few methods, each used the way that makes it fastest.

A client is opened and closed by ``with``; its libraries are imported in the constructor, so that a
child process loads nothing but what it measures.
"""
# ruff: noqa: ANN401, D102 - a result is opaque to all but its client; Contender says what the methods do

from __future__ import annotations

import asyncio
import resource
import select
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from itertools import islice
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from job import Job
    from typing_extensions import Self

HERE = Path(__file__).parent
FLOOR = HERE.parent / "build" / "bench" / "floor"
Buffer = bytes | bytearray | memoryview
WHEELS = HERE.parent / "build" / "bench" / "wheels" / "bin" / "python"
Accept = Callable[[Any], None]
"""Called with each finished result, in any order."""


class Contender:
    """One client. A result is opaque: `url_of` and `body_of` look inside.

    Args:
        job: What will be asked of it; clients read `agent`, `ca`, `connections`, `out` from it.
        url_of: Gives the URL a result belongs to.
        body_of: Gives its body.
    """

    label: ClassVar[str]
    who: ClassVar[int] = resource.RUSAGE_SELF
    """Whose CPU counts: this process, or for a command line tool its children."""
    verifiable: ClassVar[bool] = True
    """False: gets nothing from the server."""

    def __init__(
        self,
        job: Job,
        url_of: Callable[[Any], str] = itemgetter(0),
        body_of: Callable[[Any], bytes] = itemgetter(1),
    ) -> None:
        self.job = job
        self.url_of = url_of
        self.body_of = body_of

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """Close what was opened."""

    @classmethod
    def command(cls, job: Job) -> list[str]:
        """Return the command that runs *job* in a process of its own and prints a `Measurement`."""
        return [sys.executable, str(HERE / "child.py"), job.to_json()]

    def versions(self) -> dict[str, str]:
        """Return the versions of the libraries in use; ``libcurl`` must be the same for all."""
        return {}

    def get_one(self, url: str) -> Any:
        """Get one URL, waiting for it."""
        raise NotImplementedError

    def get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:
        """Get all *urls*, at most *in_flight* at once."""
        raise NotImplementedError

    def get_chunks(self, url: str, size: int, accept: Callable[[Buffer], None]) -> None:
        """Get one URL in chunks of *size* bytes; a chunk is only looked at until *accept* returns."""
        raise NotImplementedError

    def download(self, pairs: list[tuple[str, str]], in_flight: int) -> None:
        """Store each URL of *pairs* in the file beside it."""
        raise NotImplementedError


class Pyinet(Contender):
    """`InternetSession.fetch`, `fetch_one` and `Request(path=...)`."""

    label = "pyinet"

    def __init__(self, job: Job) -> None:
        super().__init__(job, attrgetter("request.url"), attrgetter("body"))
        import pyinet

        self._pyinet = pyinet

    def __enter__(self) -> Self:
        self._session = self._pyinet.InternetSession(
            self.job.agent, access_type=self._pyinet.AccessType.DIRECT, ca=self.job.ca
        )
        return self

    def __exit__(self, *exc: object) -> None:
        self._session.close()

    def versions(self) -> dict[str, str]:
        from pyinet._transfer.engine import library_versions

        return {"pyinet": version("pyinet"), "libcurl": str(library_versions()["libcurl"])}

    def get_one(self, url: str) -> Any:
        return self._session.fetch_one(url)

    def get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:
        for result in self._session.fetch(urls, in_flight=in_flight):
            accept(result)

    def download(self, pairs: list[tuple[str, str]], in_flight: int) -> None:
        requests = (self._pyinet.Request(url, path=path) for url, path in pairs)
        for result in self._session.fetch(requests, in_flight=in_flight):
            result.raise_for_status()


class PycurlBase(Contender):
    """What the pycurl contenders share: reused easy handles, one list of chunks for each."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        import pycurl

        self._pycurl = pycurl

    def versions(self) -> dict[str, str]:
        return {"pycurl": version("pycurl"), "libcurl": self._pycurl.version_info()[1]}

    def _easy(self) -> tuple[Any, list[bytes]]:
        """Return a new handle and the list its body arrives in, chunk by chunk."""
        pycurl, easy = self._pycurl, self._pycurl.Curl()
        chunks: list[bytes] = []
        easy.setopt(pycurl.WRITEFUNCTION, chunks.append)  # faster than WRITEDATA to a BytesIO
        easy.setopt(pycurl.NOSIGNAL, 1)
        easy.setopt(pycurl.PROXY, "")
        if self.job.agent:
            easy.setopt(pycurl.USERAGENT, self.job.agent)
            easy.setopt(pycurl.HTTPHEADER, [self.job.codings])
        if self.job.ca:
            easy.setopt(pycurl.CAINFO, self.job.ca)
            easy.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
            easy.setopt(pycurl.PIPEWAIT, 1)
        return easy, chunks


def take(chunks: list[bytes]) -> bytes:
    """Empty *chunks* and return them as one body; a single chunk is not copied."""
    body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    chunks.clear()
    return body


class PycurlEasy(PycurlBase):
    """One easy handle, `perform` for each URL."""

    label = "pycurl perform"

    def __enter__(self) -> Self:
        self._handle, self._chunks = self._easy()
        return self

    def __exit__(self, *exc: object) -> None:
        self._handle.close()

    def get_one(self, url: str) -> tuple[str, bytes]:
        self._handle.setopt(self._pycurl.URL, url)
        self._handle.perform()
        return url, take(self._chunks)


class PycurlMulti(PycurlBase):
    """A multi handle in a ``perform``/``select`` loop."""

    label = "pycurl multi (select)"

    def __enter__(self) -> Self:
        self._multi = self._pycurl.CurlMulti()
        self._multi.setopt(self._pycurl.M_MAXCONNECTS, self.job.in_flight)
        if self.job.connections:
            self._multi.setopt(self._pycurl.M_MAX_HOST_CONNECTIONS, self.job.connections)
        return self

    def __exit__(self, *exc: object) -> None:
        self._multi.close()

    def get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:
        pycurl, multi, source = self._pycurl, self._multi, iter(urls)
        busy: dict[Any, tuple[str, list[bytes]]] = {}
        for url in islice(source, in_flight):
            easy, chunks = self._easy()
            busy[easy] = url, chunks
            easy.setopt(pycurl.URL, url)
            multi.add_handle(easy)
        pump = self._pump()
        while busy:
            next(pump)
            left = 1
            while left:
                left, done, failed = multi.info_read()
                if failed:
                    raise ConnectionError(failed[0][1:])
                for easy in done:
                    multi.remove_handle(easy)
                    url, chunks = busy.pop(easy)
                    accept((url, take(chunks)))
                    following = next(source, None)
                    if following is None:
                        easy.close()
                    else:
                        busy[easy] = following, chunks
                        easy.setopt(pycurl.URL, following)
                        multi.add_handle(easy)

    def _pump(self) -> Iterator[None]:
        """Make progress, forever; each turn may have finished some transfers."""
        multi = self._multi
        while True:
            multi.perform()
            yield
            wait_ms = multi.timeout()  # 0 for handles just added; select itself does not look
            if wait_ms:
                multi.select(1.0 if wait_ms < 0 else min(1.0, wait_ms / 1000))


class PycurlEpoll(PycurlMulti):
    """The same with ``socket_action`` under epoll: ``select`` ends at 1,024 descriptors."""

    label = "pycurl multi (epoll)"

    def _pump(self) -> Iterator[None]:
        pycurl, multi, epoll = self._pycurl, self._multi, select.epoll()
        events = {pycurl.POLL_IN: select.EPOLLIN, pycurl.POLL_OUT: select.EPOLLOUT}
        events[pycurl.POLL_INOUT] = select.EPOLLIN | select.EPOLLOUT
        known: set[int] = set()
        timeout_ms = 0

        def on_socket(what: int, fd: int, _multi: object, _data: object) -> None:
            if what == pycurl.POLL_REMOVE:
                if fd in known:
                    known.discard(fd)
                    epoll.unregister(fd)
            elif fd in known:
                epoll.modify(fd, events[what])
            else:
                known.add(fd)
                epoll.register(fd, events[what])

        def on_timer(wait_ms: int) -> None:
            nonlocal timeout_ms
            timeout_ms = wait_ms

        multi.setopt(pycurl.M_SOCKETFUNCTION, on_socket)
        multi.setopt(pycurl.M_TIMERFUNCTION, on_timer)
        with epoll:
            while True:
                ready = epoll.poll(1.0 if timeout_ms < 0 else timeout_ms / 1000, 1024)
                for fd, got in ready:
                    # An error or hang-up is for curl to find out, by reading.
                    readable = pycurl.CSELECT_IN if got & ~select.EPOLLOUT else 0
                    writable = pycurl.CSELECT_OUT if got & select.EPOLLOUT else 0
                    multi.socket_action(fd, readable | writable)
                if not ready or timeout_ms == 0:
                    timeout_ms = -1  # curl calls on_timer for the next one
                    multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
                yield


class Aiohttp(Contender):
    """One `ClientSession` under uvloop, as many worker tasks as requests in flight."""

    label = "aiohttp+uvloop"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        import aiohttp
        import uvloop

        self._aiohttp, self._uvloop = aiohttp, uvloop

    def versions(self) -> dict[str, str]:
        return {"aiohttp": version("aiohttp"), "uvloop": version("uvloop")}

    def get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:
        self._uvloop.run(self._get_many(urls, in_flight, accept))

    async def _get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:
        source = iter(urls)

        async def work(session: Any) -> None:
            for url in source:
                async with session.get(url) as response:
                    accept((url, await response.read()))

        async with self._aiohttp.ClientSession(
            connector=self._aiohttp.TCPConnector(limit=in_flight), headers={"User-Agent": self.job.agent}
        ) as session:
            await asyncio.gather(*(work(session) for _ in range(in_flight)))


class Requests(Contender):
    """One `requests.Session`, as it comes."""

    label = "requests"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        import requests

        self._requests = requests

    def __enter__(self) -> Self:
        self._session = self._requests.Session()
        self._session.headers["User-Agent"] = self.job.agent
        return self

    def __exit__(self, *exc: object) -> None:
        self._session.close()

    def versions(self) -> dict[str, str]:
        return {"requests": version("requests")}

    def get_one(self, url: str) -> tuple[str, bytes]:
        return url, self._session.get(url).content

    def get_chunks(self, url: str, size: int, accept: Callable[[Buffer], None]) -> None:
        with self._session.get(url, stream=True) as response:
            for chunk in response.iter_content(size):
                accept(chunk)


class CurlTool(Contender):
    """``curl --parallel`` with a config file of URLs and outputs; its start-up is in the figure."""

    label = "curl --parallel"
    who = resource.RUSAGE_CHILDREN

    def versions(self) -> dict[str, str]:
        tool = subprocess.run(["curl", "--version"], check=True, capture_output=True, text=True)
        words = tool.stdout.split()  # curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1 ...
        return {"curl": words[1], "libcurl": words[3].removeprefix("libcurl/")}

    def download(self, pairs: list[tuple[str, str]], in_flight: int) -> None:
        config = Path(self.job.out or ".") / "curl.config"
        config.write_text("".join(f'url = "{url}"\noutput = "{path}"\n' for url, path in pairs))
        plain = ["--disable", "--fail", "--proxy", "", "--no-progress-meter", "--user-agent", self.job.agent]
        parallel = ["--parallel", "--parallel-max", str(in_flight)]
        subprocess.run(["curl", *plain, *parallel, "--config", str(config)], check=True)


class Floor(Contender):
    """`floor.c`: the least a C program pays. Runs as a process of its own."""

    label = "C floor"

    @classmethod
    def command(cls, job: Job) -> list[str]:
        argv = [str(FLOOR), "--urls", job.url_file, "--count", str(job.count)]
        argv += ["--in-flight", str(job.in_flight), "--size", str(job.size)]
        argv += ["--connections", str(job.connections), "--agent", job.agent, "--header", job.codings]
        argv += ["--http2-ca", job.ca] if job.ca else []
        argv += ["--verify", job.root] if job.verify else []
        return argv


class PyinetWheel(Pyinet):
    """The wheel of ``make wheel``, installed in an environment of its own (`setup_wheel.sh`)."""

    label = "pyinet wheel"

    @classmethod
    def command(cls, job: Job) -> list[str]:
        return in_environment_of_wheels(job)


class PycurlWheel(PycurlMulti):
    """The wheel that pycurl itself hands out, with the libcurl in it."""

    label = "pycurl wheel (select)"

    @classmethod
    def command(cls, job: Job) -> list[str]:
        return in_environment_of_wheels(job)


def in_environment_of_wheels(job: Job) -> list[str]:
    """Return the command that runs *job* where both wheels are installed and the checkout is not on the path."""
    return ["env", "-u", "PYTHONPATH", str(WHEELS), str(HERE / "child.py"), job.to_json()]


class NoTransfers(Contender):
    """Hands over a body for each URL without any transfer: what is left is the work on results."""

    label = "work alone"
    verifiable = False

    def get_many(self, urls: Iterable[str], in_flight: int, accept: Accept) -> None:  # noqa: ARG002
        body = bytes(self.job.size)
        for url in urls:
            accept((url, body))


class Interpreter(Contender):
    """A Python process that does nothing."""

    label = "python"
    who = resource.RUSAGE_CHILDREN
    verifiable = False
    code: ClassVar[str] = "pass"

    def start(self) -> None:
        """Start a process, wait for its end."""
        subprocess.run([sys.executable, "-c", self.code], check=True)


class ImportPyinet(Interpreter):
    """A Python process that imports pyinet."""

    label = "import pyinet"
    code = "import pyinet"


CONTENDERS: dict[str, type[Contender]] = {
    contender.label: contender
    for contender in (
        *(Pyinet, Floor, PycurlEasy, PycurlMulti, PycurlEpoll, Aiohttp, Requests, CurlTool),
        *(PyinetWheel, PycurlWheel, NoTransfers, Interpreter, ImportPyinet),
    )
}
"""By label: what a table calls a client is how the client is found."""
