"""Three OpenSSLs in one process: Python's own, the one in pycurl's wheel, and pyinet's; all of them busy at once."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinet import InternetSession
    from servers.nginx import Nginx
    from servers.tls import CertificateAuthority

EACH = 50


def test_pyinet_works_beside_ssl_and_pycurl_under_threads(
    nginx: Nginx, session: InternetSession, ca: CertificateAuthority
) -> None:
    import ssl

    pycurl = pytest.importorskip("pycurl")
    (nginx.root / "beside.txt").write_bytes(b"hello")
    url = nginx.tls_url("/beside.txt")
    done: dict[str, int] = {}

    def with_pyinet() -> int:
        return sum(result.body == b"hello" for result in session.fetch([url] * EACH, in_flight=8))

    def with_ssl() -> int:
        context = ssl.create_default_context(cafile=str(ca.pem))
        good = 0
        for _ in range(EACH):
            with (
                socket.create_connection(("127.0.0.1", nginx.tls_port), 10) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as sock,
            ):
                sock.sendall(b"GET /beside.txt HTTP/1.0\r\n\r\n")
                with sock.makefile("rb") as file:
                    good += file.read().endswith(b"hello")
        return good

    def with_pycurl() -> int:
        good = 0
        for _ in range(EACH):
            easy = pycurl.Curl()
            easy.setopt(pycurl.URL, url)
            easy.setopt(pycurl.CAINFO, str(ca.pem))
            easy.setopt(pycurl.PROXY, "")
            good += easy.perform_rb() == b"hello"
            easy.close()
        return good

    def note(name: str, work: Callable[[], int]) -> None:
        done[name] = work()

    works = {"pyinet": with_pyinet, "ssl": with_ssl, "pycurl": with_pycurl}
    threads = [threading.Thread(target=note, args=item) for item in works.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == dict.fromkeys(works, EACH)
