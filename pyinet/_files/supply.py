"""Where the requests of files get what they run on: an exchange, and a place under MAX_CONNS_PER_SERVER."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinet._process import PROCESS
from pyinet._urls.wire import origin_of
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import TransferError, describe

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from pyinet._settings import Settings
    from pyinet._transfer.core import Core
    from pyinet._transfer.streaming import Streaming

    class Session(Protocol):
        """What is needed of the session."""

        _settings: Settings

        @property
        def _core(self) -> Core:
            """The engine of this process."""


__all__ = ["offline", "supply"]


def supply(
    session: Session, url: str, check: Callable[[], None], *, ignores_offline: bool = False
) -> tuple[Streaming, Callable[[Streaming], None]]:
    """Return an exchange for a request to *url*, and who takes it back.

    Args:
        session: Whose.
        url: Where the request goes.
        check: Called while a place among the connections is waited for; raises when nothing is wanted any more.
        ignores_offline: Whether it is sent though the process is off line.

    Raises:
        TransferError: 12163, the process is off line; 12002, no place became free.
        HandleClosed: The session was closed.
    """
    if PROCESS.offline and not ignores_offline:
        raise offline(url, 0)
    core = session._core  # noqa: SLF001 - the session is above
    if PROCESS.connections.limit is None:
        return core.stream(), core.keep
    seconds = session._settings.connect_timeout_ms / 1000 or None  # noqa: SLF001
    place = PROCESS.connections.acquire(origin_of(url), seconds, check)
    try:
        return core.stream(), place.release_after(core.keep)
    except BaseException:
        place.release()
        raise


def offline(url: str, context: int) -> TransferError:
    """Return the exception for a request while the process is off line: 12163."""
    code = Code.ERROR_INTERNET_DISCONNECTED
    return TransferError(describe("the process is off line", code, url=url), code, url=url, context=context)
