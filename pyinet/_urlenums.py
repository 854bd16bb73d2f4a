"""Numbers of the URL functions; `pyinet.enums` gives them on demand.

Values are those of ``wininet.h`` and ``afxinet.h``, typed as literals.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

__all__ = ["IcuFlag", "InternetScheme", "InternetService"]


class InternetScheme(IntEnum):
    """The scheme of a URL, as `crack_url` returns it. Values: ``INTERNET_SCHEME_*``, wininet.h."""

    PARTIAL = -2
    """A URL without a scheme; never returned."""
    UNKNOWN = -1
    """A scheme that has no number here."""
    DEFAULT = 0
    """For `create_url`: http."""
    FTP = 1
    GOPHER = 2
    HTTP = 3
    HTTPS = 4
    FILE = 5
    NEWS = 6
    MAILTO = 7
    SOCKS = 8
    JAVASCRIPT = 9
    VBSCRIPT = 10
    RES = 11


class InternetService(IntEnum):
    """What a URL asks for, as `parse_url` returns it.

    Values: ``INTERNET_SERVICE_*`` of wininet.h up to 3, the others ``AFX_INET_SERVICE_*`` of afxinet.h.
    """

    URL = 0
    """Any; never returned."""
    FTP = 1
    GOPHER = 2
    HTTP = 3
    UNK = 0x1000
    """None of these."""
    FILE = 0x1001
    MAILTO = 0x1002
    MID = 0x1003
    CID = 0x1004
    NEWS = 0x1005
    NNTP = 0x1006
    PROSPERO = 0x1007
    TELNET = 0x1008
    WAIS = 0x1009
    AFS = 0x100A
    HTTPS = 0x100B


class IcuFlag(IntFlag):
    """How the URL functions treat escape sequences and dots. Values: ``ICU_*``, wininet.h."""

    ENCODE_PERCENT = 0x00001000  # canonicalise: a percent sign becomes %25, even before two hexadecimal digits
    BROWSER_MODE = 0x02000000  # canonicalise: leaves what stands behind ? or # alone, as is always done
    ENCODE_SPACES_ONLY = 0x04000000  # canonicalise: spaces, and nothing else
    NO_META = 0x08000000  # canonicalise: . and .. stay
    DECODE = 0x10000000  # %XX becomes the character
    NO_ENCODE = 0x20000000  # canonicalise: unsafe characters stay
    USERNAME = 0x40000000  # obsolete, no effect
    ESCAPE = 0x80000000  # crack: as DECODE; create: unsafe characters become %XX; canonicalise: no effect
