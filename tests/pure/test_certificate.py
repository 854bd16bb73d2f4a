"""The fields of certificates, compared with what another reader of them says."""

from __future__ import annotations

import contextlib
import datetime as dt
import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from pyinet._answer.certificate import certificate_fields, certificate_text, chain_pem, split_chain

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

START, EXPIRY = (
    dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc),
    dt.datetime(2049, 12, 31, 23, 59, 59, tzinfo=dt.timezone.utc),
)
SUBJECT = x509.Name([
    x509.NameAttribute(NameOID.COUNTRY_NAME, "XY"),
    x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Grüße, Söhne & \u540d\U0001f512"),
    x509.NameAttribute(NameOID.COMMON_NAME, "host.test"),
])  # fmt: skip
ISSUER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "The issuer")])


def builder(
    key: CertificatePublicKeyTypes, start: dt.datetime = START, expiry: dt.datetime = EXPIRY
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        ISSUER,
        SUBJECT,
        key,
        x509.random_serial_number(),
        start,
        expiry,
    )


def der_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


EC_KEY = ec.generate_private_key(ec.SECP256R1())
GOOD = der_of(builder(EC_KEY.public_key()).sign(EC_KEY, hashes.SHA256()))


def test_fields() -> None:
    fields = certificate_fields(GOOD, "TLSv1.3", "TLS_AES_128_GCM_SHA256", 128)
    assert fields == (
        EXPIRY, START, "XY\r\nGrüße, Söhne & \u540d\U0001f512\r\nhost.test", "The issuer", "TLSv1.3", "sha256ECDSA",
        "TLS_AES_128_GCM_SHA256", 128,
    )  # fmt: skip
    assert fields.subject.startswith("XY")


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime(1950, 1, 1, tzinfo=dt.timezone.utc),
        dt.datetime(1999, 12, 31, 23, 59, 59, tzinfo=dt.timezone.utc),
        dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc),
        dt.datetime(2049, 12, 31, tzinfo=dt.timezone.utc),
        dt.datetime(2050, 1, 1, tzinfo=dt.timezone.utc),
        dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.timezone.utc),
    ],
    ids=str,
)
def test_times_of_both_forms(moment: dt.datetime) -> None:
    later = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.timezone.utc)
    der = der_of(builder(EC_KEY.public_key(), moment, later).sign(EC_KEY, hashes.SHA256()))
    assert certificate_fields(der)[:2] == (later, moment)


def _signed_by_rsa(algorithm: hashes.SHA224 | hashes.SHA256 | hashes.SHA512) -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    return der_of(builder(key.public_key()).sign(key, algorithm))


def _signed_by_pss() -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return der_of(builder(key.public_key()).sign(key, hashes.SHA256(), rsa_padding=pss))


def _signed_by_ed25519() -> bytes:
    key = ed25519.Ed25519PrivateKey.generate()
    return der_of(builder(key.public_key()).sign(key, None))


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: _signed_by_rsa(hashes.SHA256()), "sha256RSA"),
        (lambda: _signed_by_rsa(hashes.SHA512()), "sha512RSA"),
        (_signed_by_pss, "RSASSA-PSS"),
        (_signed_by_ed25519, "Ed25519"),
        (lambda: _signed_by_rsa(hashes.SHA224()), "1.2.840.113549.1.1.14"),
    ],
    ids=["rsa", "rsa with sha512", "pss", "ed25519", "without a name"],
)
def test_signature_algorithms(make: Callable[[], bytes], name: str) -> None:
    assert certificate_fields(make()).signature_algorithm == name


def test_text_is_that_of_wininet() -> None:
    assert certificate_text(GOOD, "TLSv1.3", "TLS_AES_256_GCM_SHA384", 256) == (
        "Subject:\r\nXY\r\nGrüße, Söhne & \u540d\U0001f512\r\nhost.test\r\n"
        "Issuer:\r\nThe issuer\r\n"
        "Effective Date:\t2020-01-02 03:04:05\r\n"
        "Expiration Date:\t2049-12-31 23:59:59\r\n"
        "Security Protocol:\tTLSv1.3\r\n"
        "Signature Type:\tsha256ECDSA\r\n"
        "Encryption Type:\tTLS_AES_256_GCM_SHA384\r\n"
        "Privacy Strength:\tHigh (256 bits)"
    )


def test_what_is_not_known_is_null_in_the_text() -> None:
    lines = certificate_text(GOOD).split("\r\n")
    assert lines[-4] == "Security Protocol:\t(null)"
    assert lines[-2:] == ["Encryption Type:\t(null)", "Privacy Strength:\tLow (0 bits)"]


def test_control_characters_in_names_make_no_lines() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a\r\nIssuer:\r\nb\0")])
    der = der_of(
        x509.CertificateBuilder(name, name, EC_KEY.public_key(), 1, START, EXPIRY).sign(EC_KEY, hashes.SHA256())
    )
    assert certificate_fields(der).subject == "a\ufffd\ufffdIssuer:\ufffd\ufffdb\ufffd"


def test_pem_is_what_others_make_of_it() -> None:
    (pem,) = chain_pem([GOOD])
    assert pem == x509.load_der_x509_certificate(GOOD).public_bytes(serialization.Encoding.PEM).decode()
    assert ssl.PEM_cert_to_DER_cert(pem) == GOOD


def test_a_chain_is_taken_apart() -> None:
    other = _signed_by_ed25519()
    assert split_chain(GOOD + other + GOOD) == (GOOD, other, GOOD)
    assert split_chain(b"") == ()


@pytest.mark.parametrize("size", [0, 1, 3, len(GOOD) // 2, len(GOOD) - 1])
def test_a_certificate_cut_short_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=r"X\.509|DER|values to unpack"):
        certificate_fields(GOOD[:size])


@pytest.mark.parametrize("extra", [b"\0", GOOD], ids=["zero", "another"])
def test_more_than_one_certificate_is_refused(extra: bytes) -> None:
    with pytest.raises(ValueError, match=r"X\.509|DER"):
        certificate_fields(GOOD + extra)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_damaged_certificate_is_read_or_refused(at: int, flip: int) -> None:
    damaged = GOOD[:at] + bytes([GOOD[at] ^ flip]) + GOOD[at + 1 :]
    with contextlib.suppress(ValueError):
        assert "\n" not in certificate_fields(damaged).issuer.replace("\r\n", "")


@given(st.binary())
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of many places
        certificate_fields(data)
    with contextlib.suppress(ValueError):
        assert b"".join(split_chain(data)) == data
