"""Certificates made for one test run: a good one, and those a client has to refuse."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import TYPE_CHECKING

import trustme

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

    def self_signed(self) -> ssl.SSLContext:
        """Server side whose certificate is its own issuer, and not our root."""
        stranger = trustme.CA()
        path = self._folder / "self-signed.pem"
        path.write_bytes(stranger.private_key_pem.bytes() + stranger.cert_pem.bytes())
        return _context(path)


def _context(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
