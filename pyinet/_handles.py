"""The tree of handles: session, connection, file. Source: WinINet, "Appendix A: HINTERNET Handles"."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from pyinet._process import PROCESS
from pyinet.enums import InternetErrorCode as Code
from pyinet.enums import InternetHandleType
from pyinet.errors import HandleClosed, describe

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Owner(Protocol):
        """The object a handle belongs to."""

        def close(self) -> None:
            """Close it, and its handle last."""

        def handle_closed(self) -> None:
            """End what runs on it: its handle was closed."""


__all__ = ["Handle", "close_handle", "handle_type"]


class Handle:
    """A number with a kind, a parent and a context. It refers to its owner weakly: an owner that is dropped closes it.

    Attributes:
        number: The HINTERNET; 0 once closed.
        kind: ``INTERNET_HANDLE_TYPE_*``.
        parent: The handle it hangs from; None for a session.
        context: What status callbacks and errors of its object carry.
        children: The open handles below it.
    """

    __slots__ = ("__weakref__", "_owner", "children", "context", "kind", "number", "parent")

    def __init__(self, owner: Owner, kind: InternetHandleType, parent: Handle | None, context: int) -> None:
        """Open a handle under *parent*.

        Raises:
            HandleClosed: *parent* was closed.
        """
        self.number = 0  # until it has one, there is nothing to close
        self._owner: Callable[[], Owner | None] = weakref.ref(owner, self._dropped)
        self.children: dict[int, Handle] = {}
        self.kind = kind
        self.parent = parent
        self.context = context
        with PROCESS.lock:
            if parent is not None and not parent.number:
                parent.check()
            self.number = number = PROCESS.number(self)
            if parent is not None:
                parent.children[number] = self

    def _dropped(self, _: object) -> None:
        """The owner is gone without a word: so is its handle."""
        self.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return not self.number

    def check(self, what: str = "the handle") -> None:
        """Raise unless it is open.

        Raises:
            HandleClosed: 6.
        """
        if not self.number:
            code = Code.ERROR_INVALID_HANDLE
            where = "" if self.parent is None else ", or its session was"
            raise HandleClosed(describe(f"{what} was closed{where}", code), code, context=self.context)

    def close(self) -> None:
        """Invalidate it and all below it at once, then let their owners end what runs: leaves first. Any thread."""
        with PROCESS.lock:
            order = self.invalidate()
        for owner in order:
            owner.handle_closed()

    def forget(self) -> None:
        """Close it without a word to its owner: nothing runs on it, and nothing hangs from it."""
        with PROCESS.lock:
            if self.number:
                self._leave_tree()

    def _leave_tree(self) -> Owner | None:
        """Its number ends; return its owner, which is told once."""
        del PROCESS.handles[self.number]
        if self.parent is not None:
            del self.parent.children[self.number]
        self.number = 0
        owner, self._owner = self._owner(), _nobody
        return owner

    def invalidate(self) -> list[Owner]:
        """Take it and all below it out of the tree; return the owners, leaves first. The lock is held."""
        order: list[Owner] = []
        if not self.number:
            return order
        for child in list(self.children.values()):
            order += child.invalidate()
        owner = self._leave_tree()
        if owner is not None:
            order.append(owner)
        return order

    def close_owner(self) -> None:
        """Close the object it belongs to."""
        owner = self._owner()
        if owner is not None:
            owner.close()


def _nobody() -> None:
    """Stand for the owner of a handle that was closed."""


def find(number: object) -> Handle:
    """Return the open handle of that number.

    Raises:
        HandleClosed: 6, there is none.
    """
    handle: Handle | None = PROCESS.handles.get(number) if isinstance(number, int) else None
    if handle is None or handle.closed:
        code = Code.ERROR_INVALID_HANDLE
        raise HandleClosed(describe(f"{number!r} is no open handle", code), code)
    return handle


def close_handle(handle: int) -> None:
    """Close a session, connection or file by its number, from any thread, also inside its own callback.

    What runs on it ends with 12017, what is called on it later fails with 6.

    Raises:
        HandleClosed: 6, there is no such open handle.

    Source: WinINet ``InternetCloseHandle``.
    """
    find(handle).close_owner()


def handle_type(handle: int) -> InternetHandleType:
    """Return the kind of an open handle. Source: ``AfxGetInternetHandleType``, ``INTERNET_OPTION_HANDLE_TYPE``.

    Raises:
        HandleClosed: 6, there is no such open handle.
    """
    return find(handle).kind
