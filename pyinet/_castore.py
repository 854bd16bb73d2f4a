"""Which certificates are trusted: the search for a store of certificate authorities."""

# ruff: noqa: PTH108, PTH112, PTH113  (pathlib and tempfile would cost `import pyinet` milliseconds)

from __future__ import annotations

import errno
import os
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

from pyinet.errors import invalid_parameter, local_file_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SYSTEM_BUNDLES", "CaStore", "find_ca_store"]

SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL without the compatibility links
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, the BSDs
)

_PEM = "-----BEGIN"


class CaStore:
    """The store that was found: a PEM file or a hashed directory, and why this one.

    Attributes:
        file: PEM file for ``CURLOPT_CAINFO``, or None.
        directory: Directories for ``CURLOPT_CAPATH``, separated by ``os.pathsep``, or None.
        source: What named the store, for people: "ca argument", "SSL_CERT_FILE", "system: /etc/...".
    """

    def __init__(self, source: str, *, file: str | None = None, directory: str | None = None) -> None:
        self.source = source
        self.file = file
        self.directory = directory
        self._remove: weakref.finalize[[str, int], CaStore] | None = None

    @classmethod
    def from_pem(cls, source: str, pem: bytes) -> CaStore:
        """Write *pem* to a private temporary file, which goes with the store.

        A file even for bytes in memory: only from a file does libcurl keep the parsed certificates
        between connections, and parsing a system's worth of them costs milliseconds each time.

        Raises:
            LocalFileError: The temporary file cannot be written.
        """
        import tempfile

        try:
            descriptor, path = tempfile.mkstemp(prefix="pyinet-ca-", suffix=".pem")  # mode 0600
            store = cls(source, file=path)
            store._remove = weakref.finalize(store, _remove, path, os.getpid())
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
        except OSError as error:
            name = str(error.filename or "temporary file")
            raise local_file_error(error.errno or errno.EIO, name, url="", what=f"{source}: cannot write") from error
        return store

    def close(self) -> None:
        """Remove the temporary file, if there is one. Idempotent; also happens at collection and at exit."""
        if self._remove is not None:
            self._remove()

    def __repr__(self) -> str:
        return f"<CaStore {self.file or self.directory} ({self.source})>"


def _remove(path: str, owner: int) -> None:
    if os.getpid() == owner:  # a forked child that exits must not take the file from its parent
        with suppress(FileNotFoundError):
            os.unlink(path)


def find_ca_store(
    ca: str | os.PathLike[str] | bytes | None,
    environ: Mapping[str, str],
    *,
    bundles: Sequence[str] = SYSTEM_BUNDLES,
) -> CaStore:
    """Return the first store of: *ca*, SSL_CERT_FILE, SSL_CERT_DIR, CURL_CA_BUNDLE, the system's, certifi's.

    A variable that names what does not exist is an error and not a reason to look further: whoever set it
    meant to trust those authorities and no others. A variable that is empty counts as not set.

    Args:
        ca: A PEM file, a directory made by ``c_rehash``, or PEM itself as bytes or str.
        environ: Environment variables.
        bundles: Where systems keep their store, best first.

    Raises:
        CallerError: 87, *ca* or a variable names no store.
        LocalFileError: PEM was given, and the temporary file for it cannot be written.
    """
    if ca is not None:
        return _from_argument(ca)
    if path := environ.get("SSL_CERT_FILE"):
        return _existing("SSL_CERT_FILE", file=path)
    if path := environ.get("SSL_CERT_DIR"):
        return _existing("SSL_CERT_DIR", directory=path)
    if path := environ.get("CURL_CA_BUNDLE"):
        return _existing("CURL_CA_BUNDLE", file=path)
    for path in bundles:
        if os.path.isfile(path):
            return CaStore(f"system: {path}", file=path)
    import certifi  # here, as few systems need it and it is not free to import

    return CaStore("certifi", file=certifi.where())


def _from_argument(ca: str | os.PathLike[str] | bytes) -> CaStore:
    source = "ca argument"
    if isinstance(ca, bytes):
        if _PEM.encode() not in ca:
            raise invalid_parameter(
                f"{source}: {len(ca)} bytes that are not PEM", f"PEM has a line {_PEM} CERTIFICATE-----"
            )
        return CaStore.from_pem(source, ca)
    try:
        path = os.fspath(ca)
    except TypeError as error:
        kind = type(ca).__name__
        raise invalid_parameter(f"{source}: must be a path, or PEM as bytes or str, not {kind}") from error
    if _PEM in path:
        return CaStore.from_pem(source, path.encode())
    if os.path.isdir(path):
        return CaStore(source, directory=path)
    return _existing(source, file=path)


def _existing(source: str, *, file: str | None = None, directory: str | None = None) -> CaStore:
    if file is not None and not os.path.isfile(file):
        raise invalid_parameter(f"{source}: there is no file {file!r}", "name a PEM file of certificate authorities")
    # A list may name directories which this system lacks, as OpenSSL's own does; one has to be there.
    if directory is not None and not any(os.path.isdir(part) for part in directory.split(os.pathsep)):
        raise invalid_parameter(f"{source}: there is no directory {directory!r}", "name a directory made by c_rehash")
    return CaStore(source, file=file, directory=directory)
