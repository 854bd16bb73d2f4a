"""Both ways of waiting for the network do the same."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from pyinet import InternetSession, Request
from pyinet._transfer.engine import Engine, live_objects

if TYPE_CHECKING:
    from pathlib import Path

    from servers.nginx import Nginx

pytestmark = pytest.mark.usefixtures("driver")


def test_an_event_loop_gets_a_descriptor_from_epoll_alone(driver: str) -> None:
    engine = Engine()
    assert (engine.descriptor >= 0) == (driver == "epoll")
    engine.close()


def test_one_multi_handle_or_many(nginx: Nginx, session: InternetSession, driver: str) -> None:
    (nginx.root / "shards").write_bytes(b"x" * 100_000)
    rows = session.fetch([nginx.url("/shards")] * 300, in_flight=200)
    assert [row.status for row in rows] == [200] * 300
    assert live_objects()["shards"] == (1 if driver == "poll" else 4)


def test_connections_stay_within_per_host_and_are_used_again(nginx: Nginx, session: InternetSession) -> None:
    (nginx.root / "narrow").write_bytes(b"x")
    for _ in range(2):
        rows = session.fetch([nginx.url("/narrow")] * 100, in_flight=50, per_host=5)
        assert [row.status for row in rows] == [200] * 100
    assert live_objects()["sockets"] <= 5


def test_files_bodies_and_uploads(nginx: Nginx, session: InternetSession, tmp_path: Path) -> None:
    body = os.urandom(3 << 20)
    (nginx.root / "large").write_bytes(body)
    url = nginx.url("/large")
    results = list(session.fetch([Request(url, path=tmp_path / "large"), url, url], ordered=True))
    assert [result.error for result in results] == [None] * 3
    assert (tmp_path / "large").read_bytes() == results[1].buffer == results[2].buffer == body


def test_memory_is_bounded_while_nobody_consumes(nginx: Nginx, session: InternetSession) -> None:
    (nginx.root / "bound").write_bytes(bytes(1 << 20))
    with session.fetch([nginx.url("/bound")] * 30, in_flight=30, buffer_bytes=4 << 20) as rows:
        for result in rows:
            assert result.size == 1 << 20
            assert rows.progress().body_bytes <= 4 << 20


def test_an_event_loop_is_served(nginx: Nginx, session: InternetSession) -> None:
    (nginx.root / "async").write_bytes(b"y")

    async def fetch() -> list[int | None]:
        return [row.status async for row in session.fetch([nginx.url("/async")] * 50)]

    assert asyncio.run(fetch()) == [200] * 50


def test_http2_opens_few_connections_whatever_runs_at_once(nginx: Nginx, session: InternetSession, driver: str) -> None:
    name = f"h2-{driver}.bin"
    (nginx.root / name).write_bytes(bytes(20_000))
    rows = session.fetch([nginx.tls_url(f"/{name}")] * 600, in_flight=300)
    assert {(row.http_version, row.size, row.error) for row in rows} == {("2", 20_000, None)}
    assert len({entry.connection for entry in nginx.log_entries() if entry.uri == f"/{name}"}) <= 3
