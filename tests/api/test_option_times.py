"""Times and limits that a connection, or a single request, has of its own."""

from __future__ import annotations

import concurrent.futures
from typing import TYPE_CHECKING

import pytest

from pyinet import HttpFile, InternetOption, InternetSession, InternetTimeout
from servers.scripted import response
from waiting import eventually

if TYPE_CHECKING:
    from servers.scripted import ScriptedConn, ScriptedServer

Opt = InternetOption
SHORT = 100
NEVER_READ = bytes(64 << 20)


def silence(server: ScriptedServer) -> None:
    """Have the next connection answer nothing."""
    gate = server.gate()

    def script(conn: ScriptedConn) -> None:
        conn.recv_request()
        gate.wait()

    server.play(script)


def deafness(server: ScriptedServer) -> None:
    """Have the next connection read nothing."""
    gate = server.gate()

    def script(_: ScriptedConn) -> None:
        gate.wait()

    server.play(script)


@pytest.mark.parametrize("level", ["session", "connection", "request"])
def test_a_receive_timeout_ends_the_wait_for_an_answer(
    server: ScriptedServer, session: InternetSession, level: str
) -> None:
    silence(server)
    if level == "session":
        session.set_option(Opt.RECEIVE_TIMEOUT, SHORT)
    with session.get_http_connection("127.0.0.1", server.port) as connection:
        if level == "connection":
            connection.set_option(Opt.RECEIVE_TIMEOUT, SHORT)
        with connection.open_request() as file:
            if level == "request":
                file.set_option(Opt.RECEIVE_TIMEOUT, SHORT)
            with pytest.raises(InternetTimeout) as caught:
                file.send_request()
            assert caught.value.code == 12002


def test_a_receive_timeout_of_a_file_of_open_url_holds_when_it_is_sent_again(
    server: ScriptedServer, session: InternetSession
) -> None:
    server.route("/", response(b"x", "Connection: close"))
    with session.open_url(server.url()) as file:
        assert isinstance(file, HttpFile)
        file.set_option(Opt.RECEIVE_TIMEOUT, SHORT)
        silence(server)
        with pytest.raises(InternetTimeout):
            file.send_request()
        assert file.send_request().read() == b"x"


def test_a_send_timeout_ends_a_body_that_is_not_read(server: ScriptedServer, session: InternetSession) -> None:
    deafness(server)
    with session.get_http_connection("127.0.0.1", server.port) as connection, connection.open_request("POST") as file:
        file.set_option(Opt.SEND_TIMEOUT, SHORT)
        with pytest.raises(InternetTimeout):
            file.send_request(data=NEVER_READ)


def test_times_of_one_request_are_not_those_of_the_next(server: ScriptedServer, session: InternetSession) -> None:
    server.reply(response(b"x", "Connection: close"))
    with session.get_http_connection("127.0.0.1", server.port) as connection:
        with connection.open_request() as file:
            file.set_option(Opt.RECEIVE_TIMEOUT, SHORT)
            assert file.send_request().read() == b"x"
        gate = server.gate()

        def answer_late(conn: ScriptedConn) -> None:
            conn.recv_request()
            gate.wait()
            conn.send(response(b"late"))

        server.play(answer_late)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            late = pool.submit(lambda: connection.get().read())
            eventually(lambda: len(server.received) == 2, "the request that is answered late")
            silence(server)
            with connection.open_request() as file:  # it takes as long as the first one had
                file.set_option(Opt.RECEIVE_TIMEOUT, 2 * SHORT)
                with pytest.raises(InternetTimeout):
                    file.send_request()
            gate.set()
            assert late.result() == b"late"
