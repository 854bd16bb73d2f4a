"""A child process: its sessions are its own, the parent's transfers go on, and no connection is shared."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from servers.scripted import response

if TYPE_CHECKING:
    from servers.nginx import Nginx
    from servers.scripted import ScriptedConn, ScriptedServer

pytestmark = [pytest.mark.usefixtures("driver"), pytest.mark.forks]

ROWS = 100

COMMON = """
import os, sys, threading, time
from pyinet import InternetSession, Request
from pyinet._transfer.engine import live_objects
url = sys.argv[1]
def open_links():
    for name in os.listdir("/proc/self/fd"):
        try:
            yield os.readlink("/proc/self/fd/" + name)
        except OSError:
            pass  # that of the listing itself
def sockets():
    return {link for link in open_links() if link.startswith("socket:")}
def none_inherited():
    return sockets() == before and not [link for link in open_links() if link.startswith("anon_inode:[event")]
before = sockets()
def in_flight(count):
    while live_objects()["sockets"] < count:
        time.sleep(0.001)
def bodies(rows):
    return sorted(row.body for row in rows)
def in_child(work):
    pid = os.fork()
    if not pid:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    return pid
def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


def run(program: str, *arguments: str) -> str:
    process = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", COMMON + program, *arguments],
        capture_output=True, text=True, check=False, timeout=40,
    )  # fmt: skip
    assert (process.returncode, process.stderr) == (0, "")
    return process.stdout


@pytest.fixture
def gated(server: ScriptedServer) -> str:
    """Answers only after ``/release`` was asked for; ``/fine`` is answered at once."""
    release = server.gate()

    def script(conn: ScriptedConn) -> None:
        while request := conn.recv_request():
            if request.target == "/release":
                release.set()
            elif request.target != "/fine":
                release.wait()
            conn.send(response(request.target.encode()))

    server.play(*[script] * (4 * ROWS))
    return server.url("/")


FORKED_IN_FLIGHT = """
rows = 100
urls = [f"{url}{n:03}" for n in range(rows)]
wanted = [f"/{n:03}".encode() for n in range(rows)]
session = InternetSession("t", access_type=1)
mine = session.fetch(urls, in_flight=rows, per_host=rows)
feeder = threading.Thread(target=lambda: got.append(bodies(mine)))
got = []
feeder.start()
in_flight(rows)
def work():
    assert none_inherited()
    with InternetSession("t", access_type=1) as own:
        fetched = own.fetch([url + "fine"] * rows, in_flight=rows)
        assert bodies(fetched) == [b"/fine"] * rows
    session.close()
    assert sockets() == before, sockets() - before
print(ended(in_child(work)))
with InternetSession("t", access_type=1) as other:
    other.fetch_one(url + "release")
feeder.join()
print(got == [wanted])
"""


def test_a_child_forked_in_flight_fetches_as_many_while_the_parents_succeed(gated: str) -> None:
    assert run(FORKED_IN_FLIGHT, gated).split() == ["0", "True"]


def test_an_inherited_session_makes_connections_of_its_own(gated: str) -> None:
    program = """
session = InternetSession("t", access_type=1)
session.fetch_one(url + "fine")
held = sockets() - before
def work():
    assert not sockets() & held
    assert bodies(session.fetch([url + "fine"] * 10)) == [b"/fine"] * 10
    assert not sockets() & held
    session.close()
    assert sockets() == before
print(ended(in_child(work)), session.fetch_one(url + "fine").status, sockets() - before == held)
"""
    assert run(program, gated).split() == ["0", "200", "True"]


def test_a_grandchild_is_a_child(gated: str) -> None:
    program = """
session = InternetSession("t", access_type=1)
def fetch():
    assert none_inherited()
    assert session.fetch_one(url + "fine").body == b"/fine"
def work():
    fetch()
    assert ended(in_child(fetch)) == 0
    assert session.fetch_one(url + "fine").status == 200
session.fetch_one(url + "fine")
print(ended(in_child(work)), session.fetch_one(url + "fine").status)
"""
    assert run(program, gated).split() == ["0", "200"]


def test_a_child_looks_names_up_with_threads_of_its_own(gated: str) -> None:
    program = """
unknown = "http://no-such-host.invalid/"
def asks(session):
    return session.fetch([unknown] * 3 + [url + "fine"])
def outcomes(rows):
    return sorted(row.error.code if row.error else row.status for row in rows)
session = InternetSession("t", access_type=1)
wanted = [200, 12007, 12007, 12007]
assert outcomes(asks(session)) == wanted
def work():
    assert none_inherited()
    assert outcomes(asks(session)) == wanted
    with InternetSession("t", access_type=1) as own:
        assert outcomes(asks(own)) == wanted
rows = asks(session)
print(ended(in_child(work)), outcomes(rows) == wanted, outcomes(asks(session)) == wanted)
"""
    assert run(program, gated).split() == ["0", "True", "True"]


def test_children_forked_while_threads_fetch_all_work(gated: str) -> None:
    program = """
session = InternetSession("t", access_type=1)
stop = threading.Event()
errors = []
def busy():
    while not stop.is_set():
        errors.extend(row.error for row in session.fetch([url + "fine"] * 20) if row.error)
threads = [threading.Thread(target=busy) for _ in range(3)]
for thread in threads:
    thread.start()
def work():
    assert none_inherited()
    with InternetSession("t", access_type=1) as own:
        assert own.fetch_one(url + "fine").status == 200
codes = [ended(in_child(work)) for _ in range(20)]
stop.set()
for thread in threads:
    thread.join()
print(codes == [0] * 20, errors)
"""
    assert run(program, gated) == "True []\n"


def test_a_child_does_not_keep_the_files_of_its_parent(server: ScriptedServer, tmp_path: Path) -> None:
    release = server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        release.wait()
        conn.send(b"cd")

    def letting_go(conn: ScriptedConn) -> None:
        conn.recv_request()
        release.set()
        conn.send(response())

    server.play(script, letting_go)
    program = """
folder = sys.argv[2]
def parts():
    links = [os.path.realpath("/proc/self/fd/" + name) for name in os.listdir("/proc/self/fd")]
    return sum(link.startswith(os.path.realpath(folder)) for link in links)
session = InternetSession("t", access_type=1)
rows = session.fetch([Request(url, path=folder + "/whole")])
got = []
thread = threading.Thread(target=lambda: got.extend(rows))
thread.start()
while not parts():
    time.sleep(0.001)
def work():
    assert not parts()
print(ended(in_child(work)), parts())
session.fetch_one(url)
thread.join()
print(open(folder + "/whole").read(), got[0].error)
"""
    assert run(program, server.url("/"), str(tmp_path)).split() == ["0", "1", "abcd", "None"]


WORKERS = """
import multiprocessing, os, sys
from pyinet import InternetSession
def inodes():
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink("/proc/self/fd/" + name))
        except OSError:
            pass
    return {link for link in found if link.startswith("socket:")}
def work(session, url, held):
    shared = inodes() & held
    return [(row.status, len(row.body)) for row in session.fetch([url] * 5)], sorted(shared)
if __name__ == "__main__":
    method, url = sys.argv[1:]
    before = inodes()
    context = multiprocessing.get_context(method)
    with InternetSession("t", access_type=1) as session:
        fetched = session.fetch([url] * 100)
        next(fetched)
        held = inodes() - before
        with context.Pool(2) as pool:
            for rows, shared in pool.starmap(work, [(session, url, held)] * 4):
                assert rows == [(200, 5)] * 5, rows
                assert not shared, shared
        assert [row.status for row in fetched] == [200] * 99
    print("done", len(held) > 0)
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_session_works_in_the_workers_of_multiprocessing(nginx: Nginx, tmp_path: Path, method: str) -> None:
    (nginx.root / "forked").write_bytes(b"hello")
    program = tmp_path / "workers.py"
    program.write_text(WORKERS)
    process = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", str(program), method, nginx.url("/forked")],
        capture_output=True, text=True, check=False, timeout=50, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert (process.returncode, process.stdout, process.stderr) == (0, "done True\n", "")
