"""An origin that checks NTLM: the messages of [MS-NLMP] are pyspnego's work, the connection's state is ours."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import spnego
from spnego.exceptions import SpnegoError

from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers.scripted import ScriptedConn

DOMAIN = "TESTS"


def write_accounts(path: Path, user: str, password: str) -> None:
    """Write the file that NTLM_USER_FILE has to name in the environment: an account of `DOMAIN`."""
    path.write_text(f"{DOMAIN}:{user}:{password}\n")


def ntlm_origin(
    scheme: str = "NTLM", *, first: tuple[str, ...] = (), logged_in: Callable[[str], None] | None = None
) -> Callable[[ScriptedConn], None]:
    r"""A script: 401 until the connection has proved an account, then 200 with the request's body on it.

    Args:
        scheme: ``"NTLM"``, or ``"Negotiate"`` for NTLM within SPNEGO.
        first: Header lines of the first challenge that stand before its own.
        logged_in: Told ``DOMAIN\user`` of each connection that did.
    """

    def script(conn: ScriptedConn) -> None:
        context, known = None, False
        while request := conn.recv_request():
            given, _, token = (request.header("authorization") or "").partition(" ")
            offer = f"WWW-Authenticate: {scheme}"
            if given == scheme and not known:
                context = context or spnego.server(protocol="ntlm" if scheme == "NTLM" else "negotiate")
                try:
                    answer = context.step(base64.b64decode(token))
                except SpnegoError:
                    answer, context = None, None
                if context is not None and context.complete:
                    known = True
                    if logged_in:
                        logged_in(str(context.client_principal))
                elif answer:
                    offer += f" {base64.b64encode(answer).decode()}"
            status = "200 OK" if known else "401 Unauthorized"
            conn.send(response(request.body if known else b"who?", *([] if known else [*first, offer]), status=status))

    return script
