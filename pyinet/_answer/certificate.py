r"""What a certificate says: the few fields that WinINet's options show, read from its DER. Pure.

Nothing here judges a certificate; the TLS library did that. Sources: RFC 5280 section 4.1, X.690, and
``INTERNET_CERTIFICATE_INFO`` of the WinINet documentation.
"""

from __future__ import annotations

import base64
import datetime as dt
import textwrap
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["CertificateFields", "certificate_fields", "certificate_text", "chain_pem", "split_chain"]

_INTEGER, _BIT_STRING, _OID, _UTF8, _PRINTABLE, _T61, _IA5 = 0x02, 0x03, 0x06, 0x0C, 0x13, 0x14, 0x16
_UTC_TIME, _GENERALIZED_TIME, _UNIVERSAL, _BMP = 0x17, 0x18, 0x1C, 0x1E
_SEQUENCE, _SET, _VERSION = 0x30, 0x31, 0xA0

_LONG = 0x80  # X.690 section 8.1.3.5: the low bits count the octets of the length
_HIGH_TAG = 0x1F

_TEXT: Mapping[int, str] = MappingProxyType(
    {_UTF8: "utf-8", _PRINTABLE: "ascii", _T61: "latin-1", _IA5: "ascii", _UNIVERSAL: "utf-32-be", _BMP: "utf-16-be"}
)

_ALGORITHMS: Mapping[str, str] = MappingProxyType(
    {
        "1.2.840.113549.1.1.1": "RSA",
        "1.2.840.113549.1.1.4": "md5RSA",
        "1.2.840.113549.1.1.5": "sha1RSA",
        "1.2.840.113549.1.1.10": "RSASSA-PSS",
        "1.2.840.113549.1.1.11": "sha256RSA",
        "1.2.840.113549.1.1.12": "sha384RSA",
        "1.2.840.113549.1.1.13": "sha512RSA",
        "1.2.840.10045.2.1": "ECC",
        "1.2.840.10045.4.1": "sha1ECDSA",
        "1.2.840.10045.4.3.2": "sha256ECDSA",
        "1.2.840.10045.4.3.3": "sha384ECDSA",
        "1.2.840.10045.4.3.4": "sha512ECDSA",
        "1.3.101.110": "X25519",
        "1.3.101.112": "Ed25519",
        "1.3.101.113": "Ed448",
    }
)
"""Names as Windows has them; others are shown by their numbers."""

_STRONG = 128
"""Bits from which WinINet calls a cipher's strength high."""


class CertificateFields(NamedTuple):
    """Fields of ``INTERNET_CERTIFICATE_INFO``.

    Attributes:
        expiry: Last moment of validity, UTC.
        start: First moment of validity, UTC.
        subject: Values of the subject's name, a line each, lines ended by CR LF but the last.
        issuer: The same of the issuer.
        protocol: Of the connection, as "TLSv1.3"; "" when not known.
        signature_algorithm: As "sha256RSA"; an object identifier when it has no such name.
        encryption_algorithm: Cipher of the connection; "" when not known.
        key_bits: Of that cipher; 0 when not known.
    """

    expiry: dt.datetime
    start: dt.datetime
    subject: str
    issuer: str
    protocol: str
    signature_algorithm: str
    encryption_algorithm: str
    key_bits: int


def certificate_fields(
    der: bytes, protocol: str = "", encryption_algorithm: str = "", key_bits: int = 0
) -> CertificateFields:
    """Return the fields of a certificate.

    Args:
        der: The certificate.
        protocol: What the connection that it came on speaks.
        encryption_algorithm: Cipher of that connection.
        key_bits: Bits of that cipher.

    Raises:
        ValueError: *der* is not one X.509 certificate.

    Source: ``INTERNET_OPTION_SECURITY_CERTIFICATE_STRUCT``.
    """
    (certificate,) = _expect(der, _SEQUENCE)
    body, algorithm, _signature = _expect(certificate, _SEQUENCE, _SEQUENCE, _BIT_STRING)
    parts = list(_elements(body))
    if parts and parts[0][0] == _VERSION:
        del parts[0]
    tags = [tag for tag, _ in parts[:6]]
    if tags != [_INTEGER, _SEQUENCE, _SEQUENCE, _SEQUENCE, _SEQUENCE, _SEQUENCE]:
        raise ValueError("not an X.509 certificate")
    issuer, validity, subject = (content for _, content in parts[2:5])
    start, expiry = (_time(tag, content) for tag, content in _pair(validity))
    return CertificateFields(
        expiry, start, _name(subject), _name(issuer), protocol, _algorithm(algorithm), encryption_algorithm, key_bits
    )


def certificate_text(der: bytes, protocol: str = "", encryption_algorithm: str = "", key_bits: int = 0) -> str:
    """Return a certificate as the text that WinINet makes of it; lines end with CR LF, but for the last.

    Dates are written YYYY-MM-DD and times HH:MM:SS, UTC: the form of WinINet depends on the user's locale.

    Args:
        der: The certificate.
        protocol: What the connection that it came on speaks.
        encryption_algorithm: Cipher of that connection.
        key_bits: Bits of that cipher.

    Raises:
        ValueError: *der* is not one X.509 certificate.

    Source: ``INTERNET_OPTION_SECURITY_CERTIFICATE``.
    """
    fields = certificate_fields(der, protocol, encryption_algorithm, key_bits)
    strength = "High" if key_bits >= _STRONG else "Low"
    return (
        f"Subject:\r\n{fields.subject}\r\n"
        f"Issuer:\r\n{fields.issuer}\r\n"
        f"Effective Date:\t{fields.start:%Y-%m-%d %H:%M:%S}\r\n"
        f"Expiration Date:\t{fields.expiry:%Y-%m-%d %H:%M:%S}\r\n"
        f"Security Protocol:\t{fields.protocol or '(null)'}\r\n"
        f"Signature Type:\t{fields.signature_algorithm}\r\n"
        f"Encryption Type:\t{fields.encryption_algorithm or '(null)'}\r\n"
        f"Privacy Strength:\t{strength} ({key_bits} bits)"
    )


def chain_pem(ders: Iterable[bytes]) -> list[str]:
    """Return certificates in PEM, each a text of its own (RFC 7468). Source: ``SERVER_CERT_CHAIN_CONTEXT``."""
    return [_pem(der) for der in ders]


def split_chain(data: bytes) -> tuple[bytes, ...]:
    """Take certificates apart that stand one behind the other.

    Raises:
        ValueError: The last one is cut short.
    """
    found = []
    at = 0
    while at < len(data):
        _, _, end = _header(data, at)
        found.append(data[at:end])
        at = end
    return tuple(found)


def _pem(der: bytes) -> str:
    lines = textwrap.wrap(base64.b64encode(der).decode(), 64)
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def _header(data: bytes, at: int) -> tuple[int, int, int]:
    """Return tag, begin and end of the contents of the element at *at*."""
    if len(data) < at + 2 or data[at] & _HIGH_TAG == _HIGH_TAG:
        raise ValueError("not DER, or cut short")
    tag, length = data[at], data[at + 1]
    at += 2
    if length & _LONG:
        octets = length - _LONG
        if not 0 < octets <= 4 or len(data) < at + octets:  # noqa: PLR2004 - 4 GiB
            raise ValueError("not DER: a length of no known form")
        length = int.from_bytes(data[at : at + octets], "big")
        at += octets
    if length > len(data) - at:
        raise ValueError("not DER, or cut short")
    return tag, at, at + length


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        tag, begin, at = _header(data, at)
        yield tag, data[begin:at]


def _expect(data: bytes, *tags: int) -> list[bytes]:
    """Return the contents of the elements of *data*, which have these tags."""
    found = list(_elements(data))
    if tuple(tag for tag, _ in found) != tags:
        raise ValueError("not an X.509 certificate")
    return [content for _, content in found]


def _pair(data: bytes) -> list[tuple[int, bytes]]:
    found = list(_elements(data))
    if len(found) != 2:  # noqa: PLR2004 - it is a pair
        raise ValueError("not an X.509 certificate")
    return found


def _time(tag: int, content: bytes) -> dt.datetime:
    """RFC 5280 section 4.1.2.5."""
    text = content.decode("ascii", "replace")
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("not an X.509 certificate: a time of unknown form")
    return dt.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=dt.timezone.utc)


def _name(data: bytes) -> str:
    values = []
    for tag, attributes in _elements(data):
        if tag != _SET:
            raise ValueError("not an X.509 certificate: a name of unknown form")
        for _, attribute in _elements(attributes):
            kind, (value_tag, value) = _pair(attribute)
            if kind[0] != _OID:
                raise ValueError("not an X.509 certificate: a name of unknown form")
            text = value.decode(_TEXT.get(value_tag, "latin-1"), "replace")
            values.append("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))
    return "\r\n".join(values)


def _algorithm(data: bytes) -> str:
    tag, content = next(_elements(data), (0, b""))
    if tag != _OID or not content or content[-1] & _LONG:
        raise ValueError("not an X.509 certificate: an algorithm of unknown form")
    numbers = []
    number = 0
    for octet in content:
        number = number << 7 | octet & ~_LONG
        if not octet & _LONG:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    identifier = ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))
    return _ALGORITHMS.get(identifier, identifier)
