from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pyinet._network.connection_limit import ConnectionLimit
from pyinet._urls.wire import Origin
from pyinet.errors import HandleClosed, InternetTimeout
from waiting import PATIENCE, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyinet._network.connection_limit import Place

A, B = Origin("http", "a", 80), Origin("http", "b", 80)


class Waiter(threading.Thread):
    """Takes a place in a thread of its own."""

    def __init__(
        self, limit: ConnectionLimit, origin: Origin = A, order: list[str] | None = None, name: str = ""
    ) -> None:
        super().__init__(name=name or None)
        self.limit, self.origin, self.order = limit, origin, order
        self.place: Place | None = None
        before = limit.waiting(origin)
        self.start()
        eventually(lambda: limit.waiting(origin) == before + 1 or not self.is_alive(), "the waiter stands in line")

    def run(self) -> None:
        self.place = self.limit.acquire(self.origin, PATIENCE)
        if self.order is not None:
            self.order.append(self.name)

    def end(self) -> None:
        self.join(PATIENCE)
        assert self.place is not None


@pytest.fixture
def limit() -> Iterator[ConnectionLimit]:
    limited = ConnectionLimit()
    limited.limit = 2
    yield limited
    assert limited.waiting(A) == 0


def take(limit: ConnectionLimit, origin: Origin = A) -> Place:
    return limit.acquire(origin, 0)


def test_without_a_limit_nobody_waits() -> None:
    limit = ConnectionLimit()
    assert limit.limit is None
    places = [take(limit) for _ in range(100)]
    assert limit.taken(A) == 100
    for place in places:
        place.release()
    assert limit.taken(A) == 0


def test_beyond_the_limit_it_times_out_with_a_hint(limit: ConnectionLimit) -> None:
    take(limit), take(limit)
    with pytest.raises(InternetTimeout, match=r"2 connections are open.*http://a:80/ \[12002 .*close files") as caught:
        take(limit)
    assert caught.value.code == 12002
    assert limit.taken(A) == 2


def test_each_origin_has_a_limit_of_its_own(limit: ConnectionLimit) -> None:
    take(limit), take(limit)
    take(limit, B)
    assert (limit.taken(A), limit.taken(B)) == (2, 1)


def test_a_place_released_twice_counts_once(limit: ConnectionLimit) -> None:
    first = take(limit)
    take(limit)
    first.release()
    first.release()
    assert limit.taken(A) == 1


def test_a_free_place_goes_to_who_waits_longest(limit: ConnectionLimit) -> None:
    held = [take(limit), take(limit)]
    order: list[str] = []
    waiters = [Waiter(limit, A, order, name) for name in "xyz"]
    for waiter in waiters:
        held.pop(0).release()
        waiter.end()
        assert waiter.place is not None
        held.append(waiter.place)
    assert order == ["x", "y", "z"]


def test_a_free_place_is_not_taken_by_who_comes_later(limit: ConnectionLimit) -> None:
    held = [take(limit), take(limit)]
    waiter = Waiter(limit)
    held.pop().release()
    with pytest.raises(InternetTimeout):
        take(limit)
    waiter.end()


def test_a_higher_limit_lets_those_in_who_wait(limit: ConnectionLimit) -> None:
    take(limit), take(limit)
    waiters = [Waiter(limit), Waiter(limit)]
    limit.limit = 4
    for waiter in waiters:
        waiter.end()
    assert limit.taken(A) == 4


def test_no_limit_lets_everybody_in(limit: ConnectionLimit) -> None:
    take(limit), take(limit)
    waiter = Waiter(limit)
    limit.limit = None
    waiter.end()


def test_a_lower_limit_takes_no_place_away(limit: ConnectionLimit) -> None:
    places = [take(limit), take(limit)]
    limit.limit = 1
    places[0].release()
    with pytest.raises(InternetTimeout):
        take(limit)
    places[1].release()
    take(limit)


def test_who_gives_up_leaves_the_line(limit: ConnectionLimit) -> None:
    places = [take(limit), take(limit)]

    def closed() -> None:
        raise HandleClosed("closed", 6)

    with pytest.raises(HandleClosed):
        limit.acquire(A, None, closed)
    assert limit.waiting(A) == 0
    places[0].release()
    assert limit.taken(A) == 1


def test_who_gives_up_when_it_is_let_in_passes_the_place_on(limit: ConnectionLimit) -> None:
    places = [take(limit), take(limit)]

    def closed() -> None:
        places[0].release()  # the place is ours from here on
        raise HandleClosed("closed", 6)

    with pytest.raises(HandleClosed):
        limit.acquire(A, None, closed)
    assert limit.taken(A) == 1


def test_release_after_gives_back_first(limit: ConnectionLimit) -> None:
    seen: list[tuple[str, int]] = []
    place = take(limit)

    def give_back(what: str) -> None:
        seen.append((what, limit.taken(A)))

    place.release_after(give_back)("stream")
    assert seen == [("stream", 1)]
    assert limit.taken(A) == 0


def test_release_after_releases_when_giving_back_fails(limit: ConnectionLimit) -> None:
    def fails(_: object) -> None:
        raise EOFError

    with pytest.raises(EOFError):
        take(limit).release_after(fails)(None)
    assert limit.taken(A) == 0


def test_a_child_begins_with_no_place_taken(limit: ConnectionLimit) -> None:
    place = take(limit)
    limit.after_fork()
    take(limit), take(limit)
    place.release()  # the parent's
    assert limit.taken(A) == 2


def test_a_lock_held_while_forking_does_not_stop_the_child(limit: ConnectionLimit) -> None:
    with limit._lock:
        limit.after_fork()
        take(limit).release()


def test_many_threads_never_exceed_the_limit(limit: ConnectionLimit) -> None:
    inside, most, lock = [0], [0], threading.Lock()

    def work() -> None:
        for _ in range(50):
            place = limit.acquire(A, PATIENCE)
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            with lock:
                inside[0] -= 1
            place.release()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert inside == [0]
    assert 1 <= most[0] <= 2
    assert limit.taken(A) == 0
