"""Several files of one session at once: in any order, in several threads, over connections that are kept."""

from __future__ import annotations

import gc
import hashlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pyinet import AccessType, HttpFile, InternetException, InternetSession
from pyinet._transfer.engine import live_objects
from servers.scripted import response
from waiting import eventually

if TYPE_CHECKING:
    from servers.nginx import Nginx
    from servers.scripted import ScriptedServer


def pattern(seed: int, size: int) -> bytes:
    return b"".join(hashlib.blake2b(b"%d %d" % (seed, at)).digest() for at in range((size + 63) // 64))[:size]


BODIES = {f"/{n}": pattern(n, (1, 4000, 70_000, 300_000, 2_000_000)[n % 5] + n) for n in range(10)}


@pytest.fixture
def bodies(server: ScriptedServer) -> dict[str, bytes]:
    """What stands under each URL."""
    for path, body in BODIES.items():
        server.route(path, response(body))
    return {server.url(path): body for path, body in BODIES.items()}


def opened(session: InternetSession, url: str) -> HttpFile:
    file = session.open_url(url)
    assert isinstance(file, HttpFile)
    return file


@pytest.mark.parametrize("seed", range(4))
def test_files_are_read_in_any_order(session: InternetSession, bodies: dict[str, bytes], seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - an order
    files = {url: opened(session, url) for url in bodies}
    found = dict.fromkeys(bodies, b"")
    left = list(files)
    while left:
        url = rng.choice(left)
        part = files[url].read(rng.choice([1, 100, 65_536, 100_000]))
        found[url] += part
        if not part:
            left.remove(url)
    for file in files.values():
        file.close()
    assert found == bodies


@pytest.mark.parametrize("order", ["first opened first", "last opened first"])
def test_files_opened_together_are_read_one_after_another(
    session: InternetSession, bodies: dict[str, bytes], order: str
) -> None:
    files = [(opened(session, url), body) for url, body in bodies.items()]
    for file, body in files if order == "first opened first" else reversed(files):
        assert file.read() == body
        file.close()


def test_each_thread_has_files_of_its_own(session: InternetSession, bodies: dict[str, bytes]) -> None:
    def work(seed: int) -> int:
        rng, wrong = random.Random(seed), 0  # noqa: S311 - an order
        for url in rng.sample(list(bodies), len(bodies)):
            with opened(session, url) as file:
                parts = []
                while part := file.read(rng.choice([1000, 65_536, 1 << 20])):
                    parts.append(part)
                wrong += b"".join(parts) != bodies[url]
        return wrong

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [0] * 8


def test_a_file_may_be_read_by_one_thread_after_another(session: InternetSession, bodies: dict[str, bytes]) -> None:
    url, body = max(bodies.items(), key=lambda item: len(item[1]))
    with opened(session, url) as file:
        found = []
        for _ in range(20):
            thread = threading.Thread(target=lambda: found.append(file.read(100_003)))
            thread.start()
            thread.join()
        assert b"".join(found) == body[: 20 * 100_003]


def test_files_and_fetches_share_a_session(session: InternetSession, bodies: dict[str, bytes]) -> None:
    def reads(url: str) -> bool:
        with opened(session, url) as file:
            return file.read() == bodies[url]

    def fetches(url: str) -> bool:
        return session.fetch_one(url).body == bodies[url]

    def bulk(_: str) -> bool:
        return all(row.body == bodies[row.url] for row in session.fetch(list(bodies)))

    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(use, url) for url in bodies for use in (reads, fetches, bulk)]
        assert all(call.result() for call in calls)


def test_threads_that_race_for_one_file_get_each_byte_once(session: InternetSession, bodies: dict[str, bytes]) -> None:
    """Whoever is not inside is told so: no byte is lost, none comes twice."""
    url, body = max(bodies.items(), key=lambda item: len(item[1]))
    pieces: list[bytes] = []
    refused: list[int] = []
    with opened(session, url) as file:

        def work() -> None:
            while True:
                try:
                    piece = file.read(10_007)
                except InternetException as error:
                    refused.append(error.code)
                    continue
                if not piece:
                    return
                pieces.append(piece)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert set(refused) <= {12026}
    assert sorted(pieces) == sorted(body[at : at + 10_007] for at in range(0, len(body), 10_007))


# ---- connections ----


def test_files_read_to_the_end_share_a_connection(session: InternetSession, server: ScriptedServer) -> None:
    server.route("/", response(pattern(1, 500_000)))
    for how in ("read", "pieces", "lines", "left open"):
        file = opened(session, server.url())
        if how == "lines":
            assert sum(len(line) for line in file) == 500_000
        elif how == "pieces":
            while file.read(1000):
                pass
        else:
            assert len(file.read()) == 500_000
        if how != "left open":
            file.close()
    with opened(session, server.url()):
        assert server.connections == 1
    file.close()


def test_an_answer_without_a_body_gives_its_connection_back(session: InternetSession, server: ScriptedServer) -> None:
    for reply in (
        response(b""),
        b"HTTP/1.1 204 No\r\n\r\n",
        b"HTTP/1.1 304 Same\r\n\r\n",
        response(b"", status="404 No"),
    ):
        server.reply(reply)
        opened(session, server.url()).close()
    assert server.connections == 1


def test_an_unread_body_takes_its_connection_along(session: InternetSession, server: ScriptedServer) -> None:
    server.route("/", response(bytes(30_000_000)))
    for count in (1, 2, 3):
        with opened(session, server.url()) as file:
            assert len(file.read(1000)) == 1000
        assert server.connections == count


def test_after_an_unread_body_the_next_answer_is_the_right_one(
    session: InternetSession, server: ScriptedServer
) -> None:
    server.route("/large", response(b"L" * 5_000_000))
    server.route("/small", response(b"small"))
    for taken in (0, 1, 100_000, 4_999_999):
        with opened(session, server.url("/large")) as file:
            assert file.read(taken) == b"L" * taken
        with opened(session, server.url("/small")) as file:
            assert file.read() == b"small"


@pytest.mark.parametrize("reply", [response(b"x", "Connection: close"), b"HTTP/1.1 200 OK\r\n\r\nx"])
def test_a_connection_that_is_to_be_closed_is_not_used_again(
    session: InternetSession, server: ScriptedServer, reply: bytes
) -> None:
    for _ in range(2):
        server.reply(reply)
        with opened(session, server.url()) as file:
            assert file.read() == b"x"
    assert server.connections == 2


def test_many_files_one_after_another_leave_nothing(session: InternetSession, nginx: Nginx) -> None:
    (nginx.root / "tiny").write_bytes(b"tiny")
    with opened(session, nginx.url("/tiny")) as file:
        file.read()
    gc.collect()
    before = live_objects()
    for _ in range(300):
        with opened(session, nginx.url("/tiny")) as file:
            assert file.read() == b"tiny"
    assert live_objects() == before


@pytest.mark.slow
def test_five_hundred_threads_lose_no_answer(nginx: Nginx) -> None:
    sizes = (10, 5000, 100_000, 700_000)
    files = {nginx.url(f"/thread-{size}"): pattern(size, size) for size in sizes}
    for size in sizes:
        (nginx.root / f"thread-{size}").write_bytes(pattern(size, size))
    start = threading.Event()
    right: list[str] = []
    wrong: list[str] = []

    with InternetSession("agent", access_type=AccessType.DIRECT) as session:

        def work(seed: int) -> None:
            rng = random.Random(seed)  # noqa: S311 - an order
            start.wait()
            for url in rng.choices(list(files), k=4):
                try:
                    with opened(session, url) as file:
                        same = b"".join(file.iter_bytes(rng.choice([1000, 65_536, 1 << 20]))) == files[url]
                    (right if same else wrong).append(url)
                except InternetException as error:
                    wrong.append(repr(error))

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(500)]
        for thread in threads:
            thread.start()
        start.set()
        for thread in threads:
            thread.join(100)
        assert not any(thread.is_alive() for thread in threads)
    assert wrong == []
    assert len(right) == 2000
    eventually(lambda: live_objects()["transfers"] == 0, "the end of all transfers")
