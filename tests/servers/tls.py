"""Certificates made for one test run: a good one, and those a client has to refuse."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from typing import TYPE_CHECKING

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = ("localhost", "127.0.0.1", "::1")


class CertificateAuthority:
    """A private root and server certificates under it, as files in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ca = trustme.CA()
        self.pem = folder / "ca.pem"
        """The root certificate: what a client that shall trust us gets."""
        self._ca.cert_pem.write_to_path(self.pem)
        self.server_pem = self._write("server", self._ca.issue_cert(*HOSTS))
        """Key and chain of the good certificate in one file, as nginx wants them."""

    def _write(self, name: str, cert: trustme.LeafCert) -> Path:
        path = self._folder / f"{name}.pem"
        cert.private_key_and_cert_chain_pem.write_to_path(path)
        return path

    def context(self) -> ssl.SSLContext:
        """Server side with a certificate valid for `HOSTS`."""
        return _context(self.server_pem)

    def expired(self) -> ssl.SSLContext:
        """Server side with a certificate that ended yesterday."""
        now = dt.datetime.now(dt.timezone.utc)
        cert = self._ca.issue_cert(*HOSTS, not_before=now - dt.timedelta(9), not_after=now - dt.timedelta(1))
        return _context(self._write("expired", cert))

    def wrong_name(self) -> ssl.SSLContext:
        """Server side with a certificate for another host."""
        return _context(self._write("wrong-name", self._ca.issue_cert("elsewhere.example")))

    def other_common_name(self) -> ssl.SSLContext:
        """Server side with a certificate that has but a common name, of another host, as was usual once."""
        return self._without_alternative_names("other-common-name", "elsewhere.example")

    def nameless(self) -> ssl.SSLContext:
        """Server side with a certificate that names no host."""
        return self._without_alternative_names("nameless", None)

    def _without_alternative_names(self, file: str, common_name: str | None) -> ssl.SSLContext:
        root = x509.load_pem_x509_certificate(self.pem.read_bytes())
        issuer_key = serialization.load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Nowhere")
        name = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [organisation]
        cert = _from_yesterday_to_tomorrow(x509.Name(name), root.subject, key).sign(issuer_key, hashes.SHA256())
        return _context(self._write_made(file, key, cert))

    def self_signed(self) -> ssl.SSLContext:
        """Server side whose certificate, for the right names, is its own issuer and not our root."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        hosts = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        made = _from_yesterday_to_tomorrow(name, name, key)
        cert = made.add_extension(x509.SubjectAlternativeName(hosts), critical=False).sign(key, hashes.SHA256())
        return _context(self._write_made("self-signed", key, cert))

    def _write_made(self, name: str, key: ec.EllipticCurvePrivateKey, cert: x509.Certificate) -> Path:
        path = self._folder / f"{name}.pem"
        pem = serialization.Encoding.PEM
        plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(key.private_bytes(pem, *plain) + cert.public_bytes(pem))
        return path


def _from_yesterday_to_tomorrow(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.timezone.utc)
    return (
        x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(1))
        .not_valid_after(now + dt.timedelta(1))
    )


def _context(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
