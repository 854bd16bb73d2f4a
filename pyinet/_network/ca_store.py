"""Which certificates are trusted: the search for a store of certificate authorities."""

# ruff: noqa: PTH108, PTH112, PTH113, PTH118, PTH123, PTH202, PTH208  (pathlib and tempfile would cost `import pyinet` milliseconds)

from __future__ import annotations

import errno
import os
import re
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

from pyinet.errors import invalid_parameter, local_file_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SYSTEM_BUNDLES", "SYSTEM_DIRECTORIES", "CaStore", "find_ca_store"]

SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine with the package ca-certificates
    "/etc/pki/tls/certs/ca-bundle.crt",  # RHEL, Fedora up to 42
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL without the compatibility links
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/var/lib/ca-certificates/ca-bundle.pem",  # SUSE without the compatibility link
    "/etc/ssl/cert.pem",  # Alpine as it comes, macOS, the BSDs
)
"""Files in which systems keep all their certificates, best first."""

SYSTEM_DIRECTORIES = ("/etc/ssl/certs", "/etc/pki/tls/certs")
"""Hashed directories, for a system that has no such file."""

_PEM = "-----BEGIN"
_CERTIFICATE = re.compile(
    rb"-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE)-----\s.*?-----END \1-----", re.DOTALL
)  # neither the text around them nor private keys
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")
"""Names that OpenSSL looks for; those with an ``r`` before the number are revocation lists."""


class CaStore:
    """The store that was found, always as a PEM file, and why this one.

    Attributes:
        file: PEM file for ``CURLOPT_CAINFO``.
        source: What named the store, for people: "ca argument", "SSL_CERT_FILE", "system: /etc/...".
        reason: Why this one won, for people.
    """

    def __init__(self, source: str, file: str, reason: str = "") -> None:
        self.source = source
        self.file = file
        self.reason = reason
        self._remove: weakref.finalize[[str, int], CaStore] | None = None

    @classmethod
    def from_pem(cls, source: str, pem: bytes, reason: str = "") -> CaStore:
        """Write *pem* to a private temporary file, which goes with the store.

        A file even for bytes in memory: only from a file does libcurl keep the parsed certificates
        between connections, and parsing a system's worth of them costs milliseconds each time.

        Raises:
            LocalFileError: The temporary file cannot be written.
        """
        import tempfile

        try:
            descriptor, path = tempfile.mkstemp(prefix="pyinet-ca-", suffix=".pem")  # mode 0600
            store = cls(source, path, reason)
            store._remove = weakref.finalize(store, _remove, path, os.getpid())
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
        except OSError as error:
            name = str(error.filename or "temporary file")
            raise local_file_error(error.errno or errno.EIO, name, url="", what=f"{source}: cannot write") from error
        return store

    @property
    def private(self) -> bool:
        """Whether `file` is a temporary one that goes with this store."""
        return self._remove is not None

    def close(self) -> None:
        """Remove the temporary file, if there is one. Idempotent; also happens at collection and at exit."""
        if self._remove is not None:
            self._remove()

    def __repr__(self) -> str:
        return f"<CaStore {self.file} ({self.source})>"


def _remove(path: str, owner: int) -> None:
    if os.getpid() == owner:  # a forked child that exits must not take the file from its parent
        with suppress(FileNotFoundError):
            os.unlink(path)


def find_ca_store(  # noqa: PLR0911 - one return for each place, in order
    ca: str | os.PathLike[str] | bytes | None,
    environ: Mapping[str, str],
    *,
    bundles: Sequence[str] = SYSTEM_BUNDLES,
    directories: Sequence[str] = SYSTEM_DIRECTORIES,
) -> CaStore:
    """Return the first store of: *ca*, SSL_CERT_FILE, SSL_CERT_DIR, CURL_CA_BUNDLE, the system's, certifi's.

    A variable that names what does not exist is an error and not a reason to look further: whoever set it
    meant to trust those authorities and no others. A variable that is empty counts as not set.

    The certificates of a directory are copied into one private file, which goes with the store: for a directory
    libcurl would parse them anew for each connection.

    Args:
        ca: A PEM file, a directory made by ``openssl rehash``, or PEM itself as bytes or str.
        environ: Environment variables.
        bundles: Where systems keep their store as a file, best first. One that is empty or unreadable is none.
        directories: Where systems keep it as a hashed directory.

    Raises:
        CallerError: 87, *ca* or a variable names no store.
        LocalFileError: PEM or a directory was given, and the private file for it cannot be written or one in
            the directory cannot be read.
    """
    if ca is not None:
        return _from_argument(ca)
    if path := environ.get("SSL_CERT_FILE"):
        return _from_file("SSL_CERT_FILE", path, "the variable is set")
    if path := environ.get("SSL_CERT_DIR"):
        return _from_directories("SSL_CERT_DIR", path, "SSL_CERT_FILE is not set")
    if path := environ.get("CURL_CA_BUNDLE"):
        return _from_file("CURL_CA_BUNDLE", path, "neither SSL_CERT_FILE nor SSL_CERT_DIR is set")
    unset = "no variable names a store"
    for path in bundles:
        if os.path.isfile(path) and os.path.getsize(path) and os.access(path, os.R_OK):
            return CaStore(f"system: {path}", path, f"{unset}; the first file of a system that is there")
    for path in directories:
        with suppress(OSError):  # unreadable is as good as not there
            if pem := _certificates(path):
                return CaStore.from_pem(f"system: {path}", pem, f"{unset}, and no file of a system is there")
    import certifi  # here, as few systems need it and it is not free to import

    return CaStore("certifi", certifi.where(), f"{unset}, and this system has no store at a place known")


def _from_argument(ca: str | os.PathLike[str] | bytes) -> CaStore:
    source, reason = "ca argument", "given by the program"
    if isinstance(ca, bytes):
        if _PEM.encode() not in ca:
            raise invalid_parameter(
                f"{source}: {len(ca)} bytes that are not PEM", f"PEM has a line {_PEM} CERTIFICATE-----"
            )
        return CaStore.from_pem(source, ca, reason)
    try:
        path = os.fspath(ca)
    except TypeError as error:
        kind = type(ca).__name__
        raise invalid_parameter(f"{source}: must be a path, or PEM as bytes or str, not {kind}") from error
    if _PEM in path:
        return CaStore.from_pem(source, path.encode(), reason)
    if os.path.isdir(path):
        return _from_directories(source, path, reason, separator=None)
    return _from_file(source, path, reason)


def _from_file(source: str, path: str, reason: str) -> CaStore:
    if not os.path.isfile(path):
        raise invalid_parameter(f"{source}: there is no file {path!r}", "name a PEM file of certificate authorities")
    return CaStore(source, path, reason)


def _from_directories(source: str, paths: str, reason: str, *, separator: str | None = os.pathsep) -> CaStore:
    """The store of a directory, or of a list of them, of which some may be missing, as in OpenSSL's own default."""
    existing = [path for path in (paths.split(separator) if separator else [paths]) if os.path.isdir(path)]
    hint = "name a directory made by `openssl rehash`"
    if not existing:
        raise invalid_parameter(f"{source}: there is no directory {paths!r}", hint)
    try:
        pem = b"".join(map(_certificates, existing))
    except OSError as error:
        name = str(error.filename or paths)
        raise local_file_error(error.errno or errno.EIO, name, url="", what=f"{source}: cannot read") from error
    if not pem:
        raise invalid_parameter(f"{source}: no certificates under names such as 4042bcee.0 in {paths!r}", hint)
    return CaStore.from_pem(source, pem, reason)


def _certificates(directory: str) -> bytes:
    """Certificates that OpenSSL would find in a hashed directory, each once; b"" when there are none."""
    found: dict[bytes, None] = {}
    with suppress(FileNotFoundError, NotADirectoryError):
        for name in sorted(os.listdir(directory)):
            if _HASHED.fullmatch(name):
                with suppress(FileNotFoundError, IsADirectoryError), open(os.path.join(directory, name), "rb") as file:
                    found.update(dict.fromkeys(match[0] for match in _CERTIFICATE.finditer(file.read())))
    return b"".join(pem + b"\n" for pem in found)
