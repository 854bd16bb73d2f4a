from __future__ import annotations

import gc
import os
import stat
from pathlib import Path

import certifi
import pytest

from pyinet._castore import find_ca_store
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
    assert (store.file, store.directory, store.source) == (str(bundle), None, "ca argument")
    store = find_ca_store(as_type(bundle.parent), {})
    assert (store.file, store.directory, store.source) == (None, str(bundle.parent), "ca argument")
    store.close()


@pytest.mark.parametrize("pem", [PEM, PEM.decode()])
def test_pem_goes_to_a_private_file_that_close_removes(pem: str | bytes) -> None:
    store = find_ca_store(pem, {})
    assert store.file is not None
    path = Path(store.file)
    assert path.read_bytes() == PEM
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    store.close()
    store.close()
    assert not path.exists()


def test_private_file_goes_with_the_store() -> None:
    store = find_ca_store(PEM, {})
    assert store.file is not None
    path = Path(store.file)
    del store
    gc.collect()
    assert not path.exists()


def test_forked_child_leaves_the_private_file_to_its_parent() -> None:
    store = find_ca_store(PEM, {})
    assert store.file is not None
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
    environ = {
        "SSL_CERT_FILE": str(bundle),
        "SSL_CERT_DIR": str(bundle.parent),
        "CURL_CA_BUNDLE": str(bundle),
    }
    sources = []
    while environ:
        store = find_ca_store(None, environ, bundles=[str(bundle)])
        assert store.file == str(bundle) or store.directory == str(bundle.parent)
        sources.append(store.source)
        del environ[store.source]
    assert sources == ["SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"]


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"])
def test_variable_that_names_nothing_is_an_error_and_no_fallback(variable: str, bundle: Path) -> None:
    with pytest.raises(CallerError, match=rf"{variable}: there is no .*'/no/such'"):
        find_ca_store(None, {variable: "/no/such"}, bundles=[str(bundle)])


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"])
def test_empty_variable_counts_as_not_set(variable: str, bundle: Path) -> None:
    assert find_ca_store(None, {variable: ""}, bundles=[str(bundle)]).source == f"system: {bundle}"


def test_list_of_directories_needs_one_that_exists(tmp_path: Path) -> None:
    directories = os.pathsep.join(["/no/such", str(tmp_path)])
    assert find_ca_store(None, {"SSL_CERT_DIR": directories}).directory == directories
    with pytest.raises(CallerError, match="SSL_CERT_DIR"):
        find_ca_store(None, {"SSL_CERT_DIR": f"/no/such{os.pathsep}"})


def test_first_bundle_of_the_system_that_exists(bundle: Path) -> None:
    store = find_ca_store(None, {}, bundles=["/no/such", str(bundle)])
    assert (store.file, store.source) == (str(bundle), f"system: {bundle}")
    assert repr(store) == f"<CaStore {bundle} (system: {bundle})>"


def test_certifi_comes_last() -> None:
    store = find_ca_store(None, {}, bundles=["/no/such"])
    assert (store.file, store.source) == (certifi.where(), "certifi")
