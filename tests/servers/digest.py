"""An origin that checks Digest authentication by RFC 7616 itself, in the variants no packaged server has."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import TYPE_CHECKING

from servers.scripted import response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from servers.scripted import ScriptedConn, ScriptedRequest

REALM = "digest tests"
HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class DigestOrigin:
    """Its `script` answers 200 with the request's body to whom it knows, else 401; for `ScriptedServer.play`.

    Args:
        users: Name and password of whom it knows.
        algorithm: As in the challenge, such as ``"SHA-256-sess"``.
        qop: Likewise, such as ``"auth"`` or ``"auth,auth-int"``; None leaves it out, as RFC 2069 did.
        stale: How many right answers are told that their nonce has become stale.
        first: Header lines of challenges that stand before this one.
    """

    def __init__(
        self,
        users: Mapping[str, str],
        *,
        algorithm: str = "MD5",
        qop: str | None = "auth",
        stale: int = 0,
        first: tuple[str, ...] = (),
    ) -> None:
        self._users = users
        self._algorithm = algorithm
        self._qop = qop
        self._stale = stale
        self._first = first
        self._opaque = secrets.token_hex(8)
        self._counts: dict[str, int] = {}

    def script(self, conn: ScriptedConn) -> None:
        """Serve one connection to its end."""
        while request := conn.recv_request():
            verdict = self._verdict(request)
            if verdict == "good":
                conn.send(response(request.body, f"X-Method: {request.method}"))
            else:
                status = "401 Unauthorized"
                conn.send(response(b"who?", *self._first, self._challenge(verdict == "stale"), status=status))

    def _challenge(self, stale: bool) -> str:
        nonce = base64.b64encode(secrets.token_bytes(18)).decode()
        self._counts[nonce] = 0
        qop = f', qop="{self._qop}"' if self._qop else ""
        return (
            f'WWW-Authenticate: Digest realm="{REALM}", nonce="{nonce}", opaque="{self._opaque}", '
            f"algorithm={self._algorithm}{qop}{', stale=true' if stale else ''}"
        )

    def _verdict(self, request: ScriptedRequest) -> str:
        scheme, _, text = (request.header("authorization") or "").partition(" ")
        if scheme.lower() != "digest":
            return "none"
        pairs = re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', text)
        given = {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in pairs}
        nonce = given["nonce"]
        assert given["uri"] == request.target
        assert given["opaque"] == self._opaque
        assert given["algorithm"] == self._algorithm
        if nonce not in self._counts or given["response"] != self._expected(given, request):
            return "wrong"
        self._counts[nonce] += 1
        if self._qop:
            assert int(given["nc"], 16) == self._counts[nonce]  # counted up, and never sent twice
        self._stale -= 1
        return "stale" if self._stale >= 0 else "good"

    def _expected(self, given: Mapping[str, str], request: ScriptedRequest) -> str:
        name = self._algorithm.removesuffix("-sess")

        def hashed(text: str, rest: bytes = b"") -> str:
            return HASHES[name](text.encode() + rest).hexdigest()

        secret = hashed(f"{given['username']}:{REALM}:{self._users.get(given['username'], '')}")
        if self._algorithm.endswith("-sess"):
            secret = hashed(f"{secret}:{given['nonce']}:{given['cnonce']}")
        act = f"{request.method}:{request.target}"
        if given.get("qop") == "auth-int":
            act += f":{hashed('', request.body)}"
        middle = f"{given['nc']}:{given['cnonce']}:{given['qop']}:" if "qop" in given else ""
        return hashed(f"{secret}:{given['nonce']}:{middle}{hashed(act)}")
