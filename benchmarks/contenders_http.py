"""The contenders of the HTTP face: requests, uploads, header queries."""
# ruff: noqa: D102 - as in contenders

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from contenders import Contender, CurlTool, Pyinet
from contenders_session import PyinetOpenUrl

if TYPE_CHECKING:
    from pathlib import Path

    from job import Job
    from typing_extensions import Self

PIECE = 65_536
"""Bytes of one write() call."""


class PyinetRequest(PyinetOpenUrl):
    """`open_request`, `send_request` and `read` on one connection."""

    label = "pyinet, open_request"

    def __enter__(self) -> Self:
        super().__enter__()
        parts = urlsplit(self.job.distinct_urls()[0])
        self._connection = self._session.get_http_connection(str(parts.hostname), parts.port or 0)
        self._start = len(f"{parts.scheme}://{parts.netloc}")
        return self

    def get_one(self, url: str) -> tuple[str, bytes]:
        with self._connection.open_request("GET", url[self._start :]) as request:
            request.send_request()
            return url, request.read()


class Uploads(Pyinet):
    """Base: PUTs a file to the sink."""

    def upload(self, url: str, path: Path) -> bytes:
        parts = urlsplit(url)
        with (
            self._session.get_http_connection(str(parts.hostname), parts.port or 0) as connection,
            connection.open_request("PUT", parts.path) as request,
        ):
            self.send(request, path)
            return request.read()

    def send(self, request: object, path: Path) -> None:
        raise NotImplementedError


class PyinetUploadFile(Uploads):
    """`send_request` with an open file."""

    label = "pyinet, from a file"

    def send(self, request: object, path: Path) -> None:
        with path.open("rb") as file:
            request.send_request(data=file)  # type: ignore[attr-defined]  # an HttpFile


class PyinetUploadCopy(Uploads):
    """`send_request_ex`, and the file copied into it."""

    label = "pyinet, send_request_ex from a file"

    def send(self, request: object, path: Path) -> None:
        with path.open("rb") as file, request.send_request_ex(path.stat().st_size) as upload:  # type: ignore[attr-defined]
            shutil.copyfileobj(file, upload, 1 << 20)


class PyinetUploadPieces(Uploads):
    """`send_request_ex` and `write` of what is in memory already."""

    label = "pyinet, write of 64 KiB"

    def send(self, request: object, path: Path) -> None:
        size = path.stat().st_size
        with path.open("rb") as file, request.send_request_ex(size) as upload:  # type: ignore[attr-defined]
            while piece := file.read(PIECE):
                upload.write(piece)


class CurlUpload(CurlTool):
    """``curl -T``; its start-up is in the figure."""

    label = "curl -T"

    def upload(self, url: str, path: Path) -> bytes:
        command = ["curl", "--disable", "--fail", "--proxy", "", "--no-progress-meter", "--header", "Expect:"]
        return subprocess.run([*command, "--upload-file", str(path), url], check=True, capture_output=True).stdout


class PyinetQueryInfo(Pyinet):
    """`query_info` of one header out of 40; nothing is sent but the first request."""

    label = "pyinet, query_info"
    verifiable = False

    def look_up(self, count: int) -> int:
        from pyinet import HttpQuery

        parts = urlsplit(self.job.distinct_urls()[0])
        with (
            self._session.get_http_connection(str(parts.hostname), parts.port or 0) as connection,
            connection.get("/headers") as file,
        ):
            query, level = file.query_info, HttpQuery.LAST_MODIFIED
            return sum(query(level) is not None for _ in range(count))


def received(job: Job, client: Contender) -> bool:
    """Upload the large file once; return whether the sink got all of it."""
    path = job.served_file(job.distinct_urls()[0])
    url = f"{job.sink}/{'checked' if job.verify else 'counted'}"
    size, checksum = json.loads(client.upload(url, path))  # type: ignore[attr-defined]  # those of this module have it
    if size != os.path.getsize(path):  # noqa: PTH202
        return False
    if not job.verify:
        return True
    expected = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            expected = zlib.crc32(piece, expected)
    return bool(checksum == expected)


CONTENDERS: dict[str, type[Contender]] = {
    contender.label: contender
    for contender in (
        PyinetRequest, PyinetUploadFile, PyinetUploadCopy, PyinetUploadPieces, CurlUpload, PyinetQueryInfo,
    )
}  # fmt: skip
