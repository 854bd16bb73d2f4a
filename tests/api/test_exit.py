"""The end of the process: bounded in time, without a crash, whatever is in flight. Children do the dying."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from servers.scripted import response

if TYPE_CHECKING:
    from servers.scripted import ScriptedConn, ScriptedServer

pytestmark = pytest.mark.usefixtures("driver")

BOUND = 5.0
"""Seconds for the end of a child: far more than it takes, far less than any clock of a transfer."""

BEGIN = """
import os, sys, threading, time
from pyinet import InternetSession, Request
from pyinet._transfer.engine import live_objects
url = sys.argv[1]
session = InternetSession("t", access_type=1)
def fetch():
    return session.fetch([url + "fine"] + [url + "hang"] * 20, in_flight=8)
def begin():
    rows = fetch()
    next(rows)
    return rows
def fine():
    while True:
        yield session.fetch_one(url + "fine")
def quietly(work):
    try:
        work()
    except Exception:
        pass
def daemons(work):
    for _ in range(4):
        threading.Thread(target=quietly, args=(work,), daemon=True).start()
def in_flight(count):
    while live_objects()["sockets"] < count:
        time.sleep(0.001)
"""

ENDINGS = {
    "nothing closed": ("rows = begin()", 0),
    "iterator suspended in a loop": ("for row in fetch(): sys.exit(3)", 3),
    "exception in a loop": ("for row in fetch(): raise SystemExit(4)", 4),
    "with": ("with session, begin() as rows: sys.exit(5)", 5),
    "session closed, rows not": ("rows = begin(); session.close()", 0),
    "rows closed, session not": ("rows = begin(); rows.close()", 0),
    "os._exit": ("rows = begin(); os._exit(6)", 6),
    "reference cycle": ("rows = [begin(), session]; rows.append(rows)", 0),
    "kept in a module": ("sys.modules['kept'] = type(sys)('kept'); sys.modules['kept'].rows = begin()", 0),
    "never used": ("pass", 0),
    "daemon threads waiting": ("daemons(lambda: session.fetch_one(url + 'hang')); rows = begin(); in_flight(12)", 0),
    "daemon threads in loops": ("daemons(lambda: list(fetch())); in_flight(32)", 0),
    "daemon threads busy": ("daemons(lambda: list(fine())); rows = begin()", 0),
    "exit while a thread closes": ("rows = begin(); daemons(session.close)", 0),
    "atexit close": ("import atexit; rows = begin(); atexit.register(rows.close)", 0),
    "atexit request": ("import atexit; rows = begin(); atexit.register(lambda: session.fetch_one(url + 'fine'))", 0),
}


@pytest.fixture
def url(server: ScriptedServer) -> str:
    release = server.gate()

    def script(conn: ScriptedConn) -> None:
        while request := conn.recv_request():
            if request.target == "/hang":
                release.wait()
                return
            conn.send(response(b"fine"))

    server.play(*[script] * 100)
    return server.url("/")


def run(program: str, url: str) -> tuple[int, str, str]:
    started = time.monotonic()
    process = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore::DeprecationWarning", "-c", BEGIN + program, url],
        capture_output=True, text=True, check=False, timeout=BOUND + 20,
    )  # fmt: skip
    assert time.monotonic() - started < BOUND
    return process.returncode, process.stdout, process.stderr


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_interpreter_ends(url: str, ending: str) -> None:
    program, code = ENDINGS[ending]
    returncode, _, err = run(program, url)
    assert (returncode, err) == (code, "")


FORK = """
rows = begin()
pid = os.fork()
if not pid:
    try:
        {child}
    finally:
        os._exit(7)
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status), session.fetch_one(url + "fine").status, session.fetch_one(url + "fine").status)
"""

IN_CHILD = {
    "does nothing": ("os._exit(0)", 0),
    "drops what it inherited": ("del rows; globals().pop('session'); import gc; gc.collect(); os._exit(0)", 0),
    "closes what it inherited": ("rows.close(); session.close(); os._exit(0)", 0),
    "uses the session it inherited": ("""
        os._exit(0 if session.fetch_one(url + "fine").body == b"fine" else 9)""", 0),
    "uses the rows it inherited": ("""
        try:
            next(rows)
        except Exception as error:
            os._exit(0 if "process" in str(error) or "fork" in str(error) else 9)""", 0),
    "makes a session of its own": ("""
        with InternetSession("t", access_type=1) as own:
            os._exit(0 if own.fetch_one(url + "fine").body == b"fine" else 9)""", 0),
}  # fmt: skip


@pytest.mark.forks
@pytest.mark.parametrize("action", IN_CHILD)
def test_a_forked_child_leaves_the_parents_transfers_alone(url: str, action: str) -> None:
    program, code = IN_CHILD[action]
    returncode, out, err = run(FORK.format(child=program), url)
    assert (returncode, out.split(), err) == (0, [str(code), "200", "200"], "")


@pytest.mark.forks
def test_a_forked_child_may_exit_the_ordinary_way(server: ScriptedServer, url: str) -> None:
    program = """
rows = begin()
pid = os.fork()
if not pid:
    sys.exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), session.fetch_one(url + "fine").status)
"""
    assert run(program, url) == (0, "0 200\n", "")
    assert server.connections <= 9


def test_many_short_sessions_leave_no_descriptors_or_threads(url: str) -> None:
    program = """
def counts():
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
session.fetch_one(url + "fine")
session.close()
before = counts()
for _ in range(50):
    with InternetSession("t", access_type=1) as one:
        one.fetch_one(url + "fine")
del one
print(counts() == before, before, counts(), {name: n for name, n in live_objects().items() if n and name != "engines"})
"""
    returncode, out, err = run(program, url)
    assert (returncode, err) == (0, "")
    assert out.startswith("True"), out


def test_ending_takes_no_longer_with_many_in_flight(server: ScriptedServer) -> None:
    release, seen = server.gate(), threading.Semaphore(0)

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        seen.release()
        release.wait()

    server.play(*[script] * 300)
    program = """
threading.Thread(target=quietly, args=(lambda: list(session.fetch([url] * 300, in_flight=300)),), daemon=True).start()
in_flight(300)
"""
    returncode, _, err = run(program, server.url("/"))
    assert (returncode, err) == (0, "")
