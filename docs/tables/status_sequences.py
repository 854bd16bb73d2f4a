"""What a status callback is told in each situation: the one table, for the tests and for the docs.

Plain data: nothing of pyinet is needed to read it. A sequence is text, statuses by number, each with what stands
beside it: ``H`` the number of the handle, ``N`` a host name, ``A`` an address, ``B`` a number of bytes, ``U`` a URL,
``S`` an HTTP status, nothing for no information. ``|`` stands where the call that opens the file returns.

Source: WinINet ``INTERNET_STATUS_CALLBACK``.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["SEQUENCES", "Sequence"]

ASKED = "30 31B 40 41B"
"""A request and the header section of its answer."""
OPENED = "20A 21A"
"""A connection to an address that is known or written out."""


class Sequence(NamedTuple):
    """One situation.

    Attributes:
        name: Identifies it.
        situation: What happens.
        face: ``open_url``, read to the end and closed; ``fetch``; or ``request``: a connection and a request on it,
            both closed in the end.
        statuses: What is told.
        error: Number of the error it ends with; 0 when it ends well.
    """

    name: str
    situation: str
    face: str
    statuses: str
    error: int = 0


SEQUENCES: tuple[Sequence, ...] = (
    Sequence("fresh", "A host name, nothing is known of it.", "open_url", f"60H 10N 11A {OPENED} {ASKED} | 70H"),
    Sequence("address", "An address is written out: nobody looks it up.", "open_url", f"60H {OPENED} {ASKED} | 70H"),
    Sequence("kept-alive", "The second request on a kept-alive connection.", "open_url", f"60H {ASKED} | 70H"),
    Sequence(
        "known-name", "The name is known, the last answer closed its connection, and so does this one.", "open_url",
        f"60H {OPENED} {ASKED} | 50 51 70H",
    ),
    Sequence(
        "dead-kept-alive", "The kept-alive connection dies after the request; it is sent once more.", "open_url",
        f"60H 30 31B 40 50 51 {OPENED} {ASKED} | 70H",
    ),
    Sequence(
        "dead-noticed", "The kept-alive connection was closed before the request: not a word of it.", "open_url",
        f"60H {OPENED} {ASKED} | 70H",
    ),
    Sequence("address-6", "An address of IPv6: it stands in brackets.", "open_url", f"60H {OPENED} {ASKED} | 70H"),
    Sequence(
        "redirect-same-host", "A redirect to the same server.", "open_url", f"60H {OPENED} {ASKED} 110U {ASKED} | 70H"
    ),
    Sequence(
        "redirect-closed", "A redirect whose answer says Connection: close.", "open_url",
        f"60H {OPENED} {ASKED} 50 51 110U {OPENED} {ASKED} | 70H",
    ),
    Sequence(
        "redirect-other-host", "A redirect to another server.", "open_url",
        f"60H {OPENED} {ASKED} 110U {OPENED} {ASKED} | 70H",
    ),
    Sequence(
        "redirect-other-name", "A redirect to another server, by a name nothing is known of.", "open_url",
        f"60H {OPENED} {ASKED} 110U 10N 11A {OPENED} {ASKED} | 70H",
    ),
    Sequence("redirect-to-https", "A redirect from http to https.", "open_url",
             f"60H {OPENED} {ASKED} 110U {OPENED} {ASKED} | 70H"),
    Sequence("redirect-from-https", "A redirect from https to http: nothing is told of it.", "open_url",
             f"60H {OPENED} {ASKED} 70H", 12040),
    Sequence("redirects-without-end", "The eleventh redirect is one too many.", "open_url",
             f"60H {OPENED} {ASKED} {f'110U {ASKED} ' * 10}70H", 12156),
    Sequence(
        "redirect-without-host", "A redirect to http:///nohost: nothing is told of it.", "open_url",
        f"60H {OPENED} {ASKED} 70H", 12005,
    ),
    Sequence(
        "redirect-other-scheme", "A redirect to mailto: is not followed; the answer is the result.", "open_url",
        f"60H {OPENED} {ASKED} | 70H",
    ),
    Sequence("no-redirect", "NO_AUTO_REDIRECT: the 3xx is the result.", "open_url", f"60H {OPENED} {ASKED} | 70H"),
    Sequence("https", "TLS lies between 21 and 30, and is not told.", "open_url", f"60H {OPENED} {ASKED} | 70H"),
    Sequence(
        "refused-certificate", "The certificate is refused: no request is sent.", "open_url",
        f"60H {OPENED} 50 51 70H", 12045,
    ),
    Sequence("proxy", "http through a proxy: its name and address are told.", "open_url",
             f"60H 10N 11A {OPENED} {ASKED} | 70H"),
    Sequence("tunnel", "https through a proxy: CONNECT, then the request.", "open_url",
             f"60H {OPENED} {ASKED} {ASKED} | 70H"),
    Sequence("proxy-credentials", "http through a proxy: 407, answered with credentials.", "open_url",
             f"60H {OPENED} {ASKED} {ASKED} | 70H"),
    Sequence("tunnel-refused", "The proxy refuses CONNECT.", "open_url",
             f"60H {OPENED} {ASKED} 50 51 70H", 12029),
    Sequence("tunnel-untrusted", "The certificate behind the proxy is refused.", "open_url",
             f"60H {OPENED} {ASKED} 50 51 70H", 12045),
    Sequence("proxy-unreachable", "Nobody listens where the proxy should be.", "open_url", "60H 20A 70H", 12029),
    Sequence("proxy-unresolvable", "The name of the proxy has no address.", "open_url", "60H 10N 70H", 12007),
    Sequence("no-content", "204: there is no body.", "open_url", f"60H {OPENED} {ASKED} | 70H"),
    Sequence("no-content-closed", "204 with Connection: close: it is closed inside the call.", "open_url",
             f"60H {OPENED} {ASKED} 50 51 | 70H"),
    Sequence("not-modified", "304: there is no body.", "open_url", f"60H {OPENED} {ASKED} | 70H"),
    Sequence("empty", "A length of 0.", "open_url", f"60H {OPENED} {ASKED} | 70H"),
    Sequence("empty-closed", "A length of 0, and Connection: close: it is closed inside the call.", "open_url",
             f"60H {OPENED} {ASKED} 50 51 | 70H"),
    Sequence("chunked", "A body in chunks.", "open_url", f"60H {OPENED} {ASKED} | 70H"),
    Sequence("close-delimited", "The body ends with its connection.", "open_url",
             f"60H {OPENED} {ASKED} | 50 51 70H"),
    Sequence("close-announced", "A length, and Connection: close.", "open_url", f"60H {OPENED} {ASKED} | 50 51 70H"),
    Sequence("closed-unread", "The file is closed before its body was read.", "open_url",
             f"60H {OPENED} {ASKED} | 50 51 70H"),
    Sequence("interim", "103 comes before the answer.", "open_url",
             f"60H {OPENED} 30 31B 40 120S 41B | 70H"),
    Sequence("credentials", "401, answered with credentials on the same connection.", "open_url",
             f"60H {OPENED} {ASKED} {ASKED} | 70H"),
    Sequence("credentials-closed", "401 with Connection: close, answered with credentials.", "open_url",
             f"60H {OPENED} {ASKED} 50 51 {OPENED} {ASKED} | 70H"),
    Sequence("refused", "Nobody listens there.", "open_url", "60H 20A 70H", 12029),
    Sequence("unresolvable", "The name has no address.", "open_url", "60H 10N 70H", 12007),
    Sequence("cut-headers", "The connection ends inside the header section.", "open_url",
             f"60H {OPENED} 30 31B 40 50 51 70H", 12152),
    Sequence("no-answer", "The connection ends after the request.", "open_url",
             f"60H {OPENED} 30 31B 40 50 51 70H", 12152),
    Sequence("interim-alone", "The connection ends after 103.", "open_url",
             f"60H {OPENED} 30 31B 40 120S 50 51 70H", 12152),
    Sequence("reset", "The connection is reset after the request.", "open_url",
             f"60H {OPENED} 30 31B 40 50 51 70H", 12031),
    Sequence("silence", "No answer comes in time.", "open_url", f"60H {OPENED} 30 31B 40 50 51 70H", 12002),
    Sequence("cut-body", "The connection ends inside the body.", "open_url",
             f"60H {OPENED} {ASKED} | 50 51 70H", 12030),
    Sequence("no-tls", "https, and the server speaks something else.", "open_url", f"60H {OPENED} 50 51 70H", 12157),
    Sequence("row", "A row of fetch with a context: no handle is told.", "fetch", f"{OPENED} {ASKED}"),
    Sequence("row-name", "The same, by a name nothing is known of.", "fetch", f"10N 11A {OPENED} {ASKED}"),
    Sequence("row-kept-alive", "The same, on a kept-alive connection.", "fetch", ASKED),
    Sequence("row-closed", "The same, with Connection: close.", "fetch", f"{OPENED} {ASKED} 50 51"),
    Sequence("row-head", "The same, asked with HEAD.", "fetch", f"{OPENED} {ASKED}"),
    Sequence("row-upload", "The same, with a body: its bytes count as sent.", "fetch", f"{OPENED} {ASKED}"),
    Sequence("row-upload-dead", "A POST on a kept-alive connection that dies after it is not sent again.", "fetch",
             f"30 31B 40 50 51 {OPENED} 50 51", 12030),
    Sequence("row-https", "A row over TLS.", "fetch", f"{OPENED} {ASKED}"),
    Sequence("row-redirect", "A row that is redirected.", "fetch", f"{OPENED} {ASKED} 110U {ASKED}"),
    Sequence("row-redirect-other-host", "The same, to another server.", "fetch",
             f"{OPENED} {ASKED} 110U {OPENED} {ASKED}"),
    Sequence("row-cut-body", "The connection of a row ends inside the body.", "fetch",
             f"{OPENED} {ASKED} 50 51", 12030),
    Sequence("row-refused", "A row, and nobody listens.", "fetch", "20A", 12029),
    Sequence("request", "A request, sent and read.", "request", f"60H 60H {OPENED} {ASKED} | 70H 70H"),
    Sequence("request-twice", "A request that is sent twice.", "request",
             f"60H 60H {OPENED} {ASKED} {ASKED} | 70H 70H"),
    Sequence("request-body", "A POST with its body.", "request", f"60H 60H {OPENED} {ASKED} | 70H 70H"),
    Sequence("request-pieces", "A POST whose body is written in two pieces.", "request",
             f"60H 60H {OPENED} 30 31B 30 31B 30 31B 40 41B | 70H 70H"),
    Sequence("request-unread", "A request whose answer is not read.", "request",
             f"60H 60H {OPENED} {ASKED} | 50 51 70H 70H"),
    Sequence("request-credentials", "401, answered with the credentials of the connection.", "request",
             f"60H 60H {OPENED} {ASKED} {ASKED} | 70H 70H"),
    Sequence("request-refused", "Nobody listens.", "request", "60H 60H 20A 70H 70H", 12029),
)  # fmt: skip
