from __future__ import annotations

import contextlib
import gc
import os
import re
import stat
from pathlib import Path

import certifi
import pytest

from pyinet._network.ca_store import SYSTEM_BUNDLES, SYSTEM_DIRECTORIES, find_ca_store
from pyinet.errors import CallerError, LocalFileError

PEM = b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.pem"
    path.write_bytes(PEM)
    return path


@pytest.mark.parametrize("as_type", [str, Path])
def test_argument_may_be_a_file_or_a_directory(as_type: type[str | Path], bundle: Path) -> None:
    store = find_ca_store(as_type(bundle), {"SSL_CERT_FILE": "/no/such"})
    assert (store.file, store.source, store.private) == (str(bundle), "ca argument", False)
    bundle.rename(bundle.with_name("4042bcee.0"))
    store = find_ca_store(as_type(bundle.parent), {})
    assert (Path(store.file).read_bytes(), store.source, store.private) == (PEM, "ca argument", True)
    store.close()


@pytest.mark.parametrize("pem", [PEM, PEM.decode()])
def test_pem_goes_to_a_private_file_that_close_removes(pem: str | bytes) -> None:
    store = find_ca_store(pem, {})
    path = Path(store.file)
    assert path.read_bytes() == PEM
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    store.close()
    store.close()
    assert not path.exists()


def test_private_file_goes_with_the_store() -> None:
    store = find_ca_store(PEM, {})
    path = Path(store.file)
    del store
    gc.collect()
    assert not path.exists()


def test_forked_child_leaves_the_private_file_to_its_parent() -> None:
    store = find_ca_store(PEM, {})
    child = os.fork()
    if child == 0:
        store.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert Path(store.file).exists()
    store.close()


def test_close_leaves_the_callers_own_file_alone(bundle: Path) -> None:
    find_ca_store(bundle, {}).close()
    assert bundle.exists()


@pytest.mark.parametrize("ca", ["/no/such.pem", "", b"", b"not pem", "a\0b"])
def test_argument_that_names_nothing_is_refused(ca: str | bytes) -> None:
    with pytest.raises(CallerError, match=r"ca argument: .*\[87 ERROR_INVALID_PARAMETER\]"):
        find_ca_store(ca, {})


def test_private_file_that_cannot_be_written_is_a_local_file_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/no/such")
    with pytest.raises(LocalFileError, match="ca argument: cannot write '/no/such/"):
        find_ca_store(PEM, {})


def test_variables_come_in_order_and_before_the_system(bundle: Path) -> None:
    (bundle.parent / "4042bcee.0").symlink_to(bundle)
    environ = {
        "SSL_CERT_FILE": str(bundle),
        "SSL_CERT_DIR": str(bundle.parent),
        "CURL_CA_BUNDLE": str(bundle),
    }
    sources = []
    while environ:
        store = find_ca_store(None, environ, bundles=["/no/such"])
        assert Path(store.file).read_bytes() == PEM
        assert store.reason
        sources.append(store.source)
        del environ[store.source]
        store.close()
    assert sources == ["SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"]


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"])
def test_variable_that_names_nothing_is_an_error_and_no_fallback(variable: str, bundle: Path) -> None:
    with pytest.raises(CallerError, match=rf"{variable}: there is no .*'/no/such'"):
        find_ca_store(None, {variable: "/no/such"}, bundles=[str(bundle)])


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"])
def test_empty_variable_counts_as_not_set(variable: str, bundle: Path) -> None:
    assert find_ca_store(None, {variable: ""}, bundles=[str(bundle)]).source == f"system: {bundle}"


def certificate(text: str, kind: str = "CERTIFICATE") -> bytes:
    return f"-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n".encode()


def directory(path: Path, **files: bytes) -> Path:
    """A directory of these files; ``_0`` in a name stands for ``.0``."""
    path.mkdir(parents=True)
    for name, data in files.items():
        (path / re.sub(r"_(?=r?\d+$|pem$)", ".", name)).write_bytes(data)
    return path


def test_list_of_directories_needs_one_that_exists(tmp_path: Path) -> None:
    hashed = directory(tmp_path / "certs", aaaaaaaa_0=PEM)
    store = find_ca_store(None, {"SSL_CERT_DIR": os.pathsep.join(["/no/such", str(hashed)])})
    assert Path(store.file).read_bytes() == PEM
    store.close()
    with pytest.raises(CallerError, match="SSL_CERT_DIR: there is no directory"):
        find_ca_store(None, {"SSL_CERT_DIR": f"/no/such{os.pathsep}"})


def test_certificates_of_all_directories_come_once_and_alone(tmp_path: Path) -> None:
    first = directory(
        tmp_path / "first",
        aaaaaaaa_0=b"a comment\n" + certificate("AA==") + b"more\n" + certificate("AQ==", "TRUSTED CERTIFICATE"),
        aaaaaaaa_1=certificate("Ag==") + certificate("KEY=", "PRIVATE KEY"),
        aaaaaaaa_r0=certificate("CRL=", "X509 CRL"),
        bbbbbbbb_0=certificate("AA=="),
    )
    (first / "cccccccc.0").symlink_to("/no/such")
    second = directory(tmp_path / "second", aaaaaaaa_0=certificate("Aw=="), plain_pem=certificate("BB=="))
    with contextlib.closing(find_ca_store(None, {"SSL_CERT_DIR": f"{first}{os.pathsep}{second}"})) as store:
        found = Path(store.file).read_bytes()
    expected = certificate("AA==") + certificate("AQ==", "TRUSTED CERTIFICATE") + certificate("Ag==")
    assert found == expected + certificate("Aw==")


@pytest.mark.parametrize(
    "files", [{}, {"root_pem": PEM}, {"aaaaaaaa_r0": PEM}, {"aaaaaaaa_0": b"no certificate"}],
    ids=["empty", "not hashed", "revocation list", "no certificate"],
)  # fmt: skip
def test_directory_without_hashed_certificates_is_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    certs = directory(tmp_path / "certs", **files)
    with pytest.raises(CallerError, match=r"SSL_CERT_DIR: no certificates .*openssl rehash"):
        find_ca_store(None, {"SSL_CERT_DIR": str(certs)})
    with pytest.raises(CallerError, match="ca argument: no certificates"):
        find_ca_store(certs, {})


def test_separator_in_the_name_of_an_argument_is_part_of_the_name(tmp_path: Path) -> None:
    certs = directory(tmp_path / f"a{os.pathsep}b", aaaaaaaa_0=PEM)
    find_ca_store(certs, {}).close()


LAYOUTS = {
    "debian": (["etc/ssl/certs/ca-certificates.crt"], ["etc/ssl/certs/aaaaaaaa.0"], 0),
    "rhel": (
        ["etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"],
        ["etc/pki/tls/certs/ca-bundle.crt", "etc/pki/tls/cert.pem"],
        1,
    ),
    "fedora without links": (["etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"], [], 2),
    "suse": (["var/lib/ca-certificates/ca-bundle.pem"], ["etc/ssl/ca-bundle.pem", "etc/ssl/certs/aaaaaaaa.0"], 3),
    "suse without link": (["var/lib/ca-certificates/ca-bundle.pem"], [], 4),
    "alpine": (["etc/ssl/cert.pem"], [], 5),
    "alpine with ca-certificates": (["etc/ssl/certs/ca-certificates.crt"], ["etc/ssl/cert.pem"], 0),
    "macos": (["private/etc/ssl/cert.pem"], ["etc"], 5),
}
"""Files of the system, links to the first of them (macOS: a link to its folder), and which known place is taken."""


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_store_of_each_system_is_found(tmp_path: Path, name: str) -> None:
    files, links, taken = LAYOUTS[name]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(PEM)
    for link in links:
        (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
        target = tmp_path / files[0]
        (tmp_path / link).symlink_to(tmp_path / "private/etc" if name == "macos" else target)
    bundles = [f"{tmp_path}{path}" for path in SYSTEM_BUNDLES]
    store = find_ca_store(None, {}, bundles=bundles, directories=[f"{tmp_path}{path}" for path in SYSTEM_DIRECTORIES])
    assert (store.file, store.source) == (bundles[taken], f"system: {bundles[taken]}")
    assert "no variable names a store" in store.reason


def test_hashed_directory_of_a_system_without_a_file(tmp_path: Path) -> None:
    hashed = directory(tmp_path / "etc/ssl/certs", aaaaaaaa_0=PEM)
    with contextlib.closing(find_ca_store(None, {}, bundles=[], directories=["/no/such", str(hashed)])) as store:
        assert (Path(store.file).read_bytes(), store.source) == (PEM, f"system: {hashed}")


def test_first_bundle_of_the_system_that_exists(bundle: Path) -> None:
    store = find_ca_store(None, {}, bundles=["/no/such", str(bundle)])
    assert (store.file, store.source) == (str(bundle), f"system: {bundle}")
    assert repr(store) == f"<CaStore {bundle} (system: {bundle})>"


def test_bundle_of_the_system_that_is_empty_is_passed_over(tmp_path: Path, bundle: Path) -> None:
    (tmp_path / "empty").touch()
    assert find_ca_store(None, {}, bundles=[str(tmp_path / "empty"), str(bundle)]).file == str(bundle)


def test_certifi_comes_last(tmp_path: Path) -> None:
    store = find_ca_store(None, {}, bundles=["/no/such"], directories=["/no/such", str(tmp_path)])
    assert (store.file, store.source) == (certifi.where(), "certifi")
