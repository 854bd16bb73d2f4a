"""Many threads on one session; signals reach Python, and only Python."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pyinet import InternetSession, Request
from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers.scripted import ScriptedConn, ScriptedServer

pytestmark = pytest.mark.usefixtures("driver")

QUICK = 1.0
"""Seconds: 200 ms are promised, the rest is for a loaded machine."""


@pytest.fixture
def child(_interrupts_reach_children: None) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts Python children; none outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def hangs(server: ScriptedServer) -> threading.Semaphore:
    """Requests that are never answered; the semaphore counts them."""
    seen, release = threading.Semaphore(0), server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        seen.release()
        release.wait()

    server.play(*[script] * 64)
    return seen


INTERRUPTED = """
import sys, time
from pyinet import InternetSession
from pyinet._transfer.engine import live_objects
session = InternetSession("t", access_type=1)
try:
    {call}
except KeyboardInterrupt:
    caught = time.monotonic()
    session.close()
    print(caught, time.monotonic())
    sys.exit(0)
sys.exit("no KeyboardInterrupt")
"""

CALLS = {
    "fetch": "list(session.fetch([sys.argv[1]] * 8))",
    "fetch ordered": "list(session.fetch([sys.argv[1]] * 8, ordered=True))",
    "fetch_one": "session.fetch_one(sys.argv[1])",
}


@pytest.mark.parametrize("call", CALLS)
def test_ctrl_c_ends_a_wait_at_once(
    server: ScriptedServer, child: Callable[..., subprocess.Popen[str]], call: str
) -> None:
    seen = hangs(server)
    process = child(INTERRUPTED.format(call=CALLS[call]), server.url())
    assert seen.acquire(timeout=20)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    caught, closed = (float(word) - sent for word in out.split())
    print(f"{call}: KeyboardInterrupt after {caught * 1000:.0f} ms, closed after {closed * 1000:.0f} ms")  # noqa: T201
    assert caught < QUICK
    assert closed < QUICK


OTHERS_WAIT = """
import sys, threading, time
from pyinet import HandleClosed, InternetSession
session = InternetSession("t", access_type=1)
def wait():
    try:
        session.fetch_one(sys.argv[1])
    except Exception:
        pass
threads = [threading.Thread(target=wait) for _ in range(4)]
for thread in threads:
    thread.start()
try:
    for thread in threads:
        thread.join()
except KeyboardInterrupt:
    caught = time.monotonic()
    session.close()
    for thread in threads:
        thread.join()
    print(caught, time.monotonic())
"""


def test_ctrl_c_and_close_end_the_waits_of_other_threads(
    server: ScriptedServer, child: Callable[..., subprocess.Popen[str]]
) -> None:
    seen = hangs(server)
    process = child(OTHERS_WAIT, server.url())
    assert all(seen.acquire(timeout=20) for _ in range(4))
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert all(float(word) - sent < QUICK for word in out.split())


HANDLER = """
import signal, sys, threading
from pyinet import InternetSession
seen = []
def handler(number, frame):
    seen.append(threading.current_thread() is threading.main_thread())
    print("handled", flush=True)
signal.signal(signal.SIGUSR1, handler)
with InternetSession("t", access_type=1) as session:
    print(session.fetch_one(sys.argv[1]).body.decode(), seen, flush=True)
"""


def test_other_signals_are_handled_while_waiting_and_the_wait_goes_on(
    server: ScriptedServer, child: Callable[..., subprocess.Popen[str]]
) -> None:
    asked, gate = server.gate(), server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        asked.set()
        gate.wait()
        conn.send(response(b"body"))

    server.play(script)
    process = child(HANDLER, server.url())
    assert asked.wait(20)
    process.send_signal(signal.SIGUSR1)
    assert process.stdout
    assert process.stdout.readline() == "handled\n"  # before the answer is there
    gate.set()
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "body [True]\n", "")


MASKS = """
import os, sys, threading
from pyinet import InternetSession
with InternetSession("t", access_type=1) as session, session.fetch([sys.argv[1]] * 4, in_flight=2) as rows:
    next(rows)
    python = {thread.native_id for thread in threading.enumerate()}
    for task in os.listdir("/proc/self/task"):
        if int(task) not in python:
            with open(f"/proc/self/task/{task}/status") as status:
                print(next(line for line in status if line.startswith("SigBlk")).split()[1])
"""


def test_native_threads_block_every_signal(server: ScriptedServer, child: Callable[..., subprocess.Popen[str]]) -> None:
    server.route("/", response(b"x"))
    out, err = child(MASKS, server.url()).communicate(timeout=20)
    assert err == ""
    masks = [int(line, 16) for line in out.split()]
    assert masks  # there is a thread of the engine
    blockable = {number for number in signal.valid_signals() if number not in {signal.SIGKILL, signal.SIGSTOP}}
    for mask in masks:
        assert {number for number in blockable if not mask >> number - 1 & 1} == set()


def test_sixteen_threads_fetch_at_once(server: ScriptedServer, session: InternetSession) -> None:
    for i in range(16):
        server.route(f"/{i}", response(b"%d" % i))
    wrong: list[object] = []
    together = threading.Barrier(16)

    def work(number: int) -> None:
        together.wait()
        for _ in range(40):
            result = session.fetch_one(Request(server.url(f"/{number}"), key=number))
            if (result.body, result.key) != (b"%d" % number, number):
                wrong.append(result)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(server.received) == 640
    assert server.connections <= 16


def test_a_stuck_thread_does_not_hold_up_another(server: ScriptedServer, session: InternetSession) -> None:
    gate, seen = server.gate(), threading.Event()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        seen.set()
        gate.wait()
        conn.send(response(b"at last"))

    server.play(script)
    server.route("/", response(b"x"))
    late: list[bytes] = []
    waiting = threading.Thread(target=lambda: late.append(session.fetch_one(server.url("/late")).body))
    waiting.start()
    assert seen.wait(20)
    assert [session.fetch_one(server.url()).body for _ in range(50)] == [b"x"] * 50
    assert late == []
    gate.set()
    waiting.join()
    assert late == [b"at last"]


def test_fetches_of_several_threads_share_a_session(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x" * 5000))
    totals: list[int] = []

    def work() -> None:
        results = list(session.fetch([server.url()] * 100, in_flight=8))
        totals.append(sum(len(result.buffer) for result in results))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert totals == [500_000] * 6
    assert server.connections <= 48


def test_a_fetch_may_be_handed_to_another_thread(server: ScriptedServer, session: InternetSession) -> None:
    server.route("/", response(b"x"))
    rows = session.fetch([server.url()] * 20, in_flight=2)
    bodies = [next(rows).body]
    thread = threading.Thread(target=lambda: bodies.extend(result.body for result in rows))
    thread.start()
    thread.join()
    assert bodies == [b"x"] * 20


def test_closing_races_with_everything(server: ScriptedServer) -> None:
    """Sessions closed at random moments of their work neither crash nor hang, whatever the threads were doing."""
    server.route("/", response(b"x" * 2000))
    for turn in range(20):
        session = InternetSession("t", access_type=1)
        begun = threading.Semaphore(0)

        def work(session: InternetSession = session, begun: threading.Semaphore = begun) -> None:
            try:
                while True:
                    session.fetch_one(server.url())
                    begun.release()
                    for _ in session.fetch([server.url()] * 3):
                        pass
            except Exception as error:  # noqa: BLE001 - any error will do, a crash or a hang will not
                assert "clos" in str(error) or "cancel" in str(error)  # noqa: PT017

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(turn % 7):
            begun.acquire(timeout=20)
        session.close()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()
