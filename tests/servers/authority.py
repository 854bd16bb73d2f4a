"""Certificates with one fault each, made for one test run, and servers' ends that show them."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HOSTS = ("localhost", "127.0.0.1")
SERVERS = (ExtendedKeyUsageOID.SERVER_AUTH,)
CLIENTS = (ExtendedKeyUsageOID.CLIENT_AUTH,)
PAST, NOW, FUTURE = (-9, -1), (-1, 1), (1, 9)
"""Days of validity, from today on."""


def _name(common_name: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "pyinet tests")]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else attributes)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


class Authority:
    """A private root, and certificates under it as files in *folder*."""

    def __init__(self, folder: Path, common_name: str = "pyinet test root") -> None:
        self.folder = folder
        self._name = _name(common_name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._sign(self._name, self._key.public_key(), NOW, None, None)
        self.pem = folder / f"{common_name}.pem"
        """The root: what a client that shall trust us gets."""
        self.pem.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))
        self._count = 0

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        days: tuple[int, int],
        hosts: Sequence[str] | None,
        usage: Sequence[x509.ObjectIdentifier] | None,
    ) -> x509.Certificate:
        """*hosts*: None for an authority, none of them for a certificate without alternative names."""
        now = dt.datetime.now(dt.timezone.utc)
        builder = (
            x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
            .not_valid_before(now + dt.timedelta(days[0]))
            .not_valid_after(now + dt.timedelta(days[1]))
            .add_extension(x509.BasicConstraints(ca=hosts is None, path_length=None), critical=True)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def issue(
        self,
        *,
        hosts: Sequence[str] = HOSTS,
        days: tuple[int, int] = NOW,
        usage: Sequence[x509.ObjectIdentifier] = SERVERS,
        common_name: str = "",
        password: str = "",
    ) -> Path:
        """A new certificate and its key, encrypted with *password*, in one PEM file."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_name(common_name), key.public_key(), days, hosts, usage)
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            encryption = serialization.BestAvailableEncryption(password.encode())
        pem = serialization.Encoding.PEM
        self._count += 1
        path = self.folder / f"{self._count}.pem"
        path.write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, encryption) + certificate.public_bytes(pem)
        )
        return path

    def serve(self, pem: Path | None = None, *, clients: Authority | None = None) -> ssl.SSLContext:
        """Server side with the certificate in *pem*, a good one unless given.

        Args:
            pem: Certificate and key.
            clients: Who has to have issued the certificate of a client; None asks for none.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem or self.issue())
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients.pem)
        return context
