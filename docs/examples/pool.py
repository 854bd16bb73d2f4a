"""A session in a pool of processes: each worker gets a session of its own with the same settings."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from pyinet import InternetOption, InternetSession


def size_of(session: InternetSession, url: str) -> tuple[int, int]:
    """Runs in a worker. The session that arrives is a new one: same settings, own connections, no cookies."""
    with session:
        return len(session.fetch_one(url).body), session.query_option(InternetOption.CONNECT_TIMEOUT)


def main() -> None:
    """Fetch a URL in workers, started in every way there is."""
    base = sys.argv[1]
    with InternetSession("pool/1.0") as session:
        session.set_option(InternetOption.CONNECT_TIMEOUT, 5_000)
        for method in multiprocessing.get_all_start_methods():
            context = multiprocessing.get_context(method)
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                print(pool.submit(size_of, session, f"{base}/hello.txt").result())


if __name__ == "__main__":
    main()
