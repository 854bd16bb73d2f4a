"""Who a program is to a server. Shared by a connection and what is opened on it."""

from __future__ import annotations

from pyinet._request.sendable import is_sendable
from pyinet.errors import invalid_parameter

__all__ = ["Credentials"]


class Credentials:
    """A user name and its password; neither is ever shown.

    Attributes:
        user: None for none.
        password: None for none.
    """

    __slots__ = ("password", "user")

    def __init__(self, user: str | None = None, password: str | None = None) -> None:
        """An empty *user* is none.

        Raises:
            CallerError: 87, one is no str, or holds a control character, such as CR or LF, or half a surrogate pair.
        """
        self.user = _checked(user, "user") or None
        self.password = _checked(password, "password")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def _checked(text: object, what: str) -> str | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise invalid_parameter(f"{what} must be a str")
    if not is_sendable(text):
        raise invalid_parameter(f"{what} holds a control character or half a surrogate pair")
    return text
