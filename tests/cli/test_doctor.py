from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from pyinet.cli.doctor import as_text, doctor, examine

if TYPE_CHECKING:
    from pathlib import Path

LIBRARIES = {
    "libcurl": "8.5.0",
    "ssl": "OpenSSL/3.0.15",
    "zlib": "1.3",
    "protocols": ("http", "https"),
    "features": ("HTTP2", "SSL"),
}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\n")
    return {"SSL_CERT_FILE": str(bundle)}


def test_a_good_installation_has_no_complaints(environ: dict[str, str]) -> None:
    found = examine(LIBRARIES, environ, (1024, 4096))

    assert (found.broken, found.warnings) == ([], [])
    assert found.facts["ca_store"]["source"] == "SSL_CERT_FILE"
    assert found.facts["open_files"] == {"soft": 1024, "hard": 4096, "in_flight": 496}
    assert "all well" in as_text(found)


def test_an_old_libcurl_is_broken(environ: dict[str, str]) -> None:
    found = examine({**LIBRARIES, "libcurl": "7.87.0"}, environ, None)

    assert found.broken == ["libcurl 7.87.0 is too old; pyinet needs 7.88 or newer"]


def test_a_certificate_store_that_is_not_there_is_broken() -> None:
    found = examine(LIBRARIES, {"SSL_CERT_FILE": "/nonexistent/ca.pem"}, None)

    (line,) = found.broken
    assert "SSL_CERT_FILE" in line


def test_what_only_limits_is_a_warning(environ: dict[str, str]) -> None:
    found = examine({**LIBRARIES, "features": ("SSL",)}, environ, (200, -1))

    assert found.broken == []
    assert ["200 files" in found.warnings[0], "HTTP/2" in found.warnings[1]] == [True, True]
    assert found.facts["open_files"] == {"soft": 200, "hard": None, "in_flight": 84}


def test_what_libcurl_was_built_without_is_told(environ: dict[str, str]) -> None:
    found = examine(
        {**LIBRARIES, "features": ("HTTP2", "HTTPS-proxy", "HSTS", "NTLM", "SSL", "alt-svc")}, environ, None
    )

    assert found.facts["without"] == ["GSS-API (Negotiate, Kerberos)", "HTTP/3"]
    assert "GSS-API (Negotiate, Kerberos)" in as_text(found)


def test_the_store_that_won_is_told_with_the_reason(environ: dict[str, str]) -> None:
    store = examine(LIBRARIES, environ, None).facts["ca_store"]

    assert store == {"file": environ["SSL_CERT_FILE"], "source": "SSL_CERT_FILE", "reason": "the variable is set"}


def test_passwords_of_proxies_are_not_told(environ: dict[str, str]) -> None:
    environ |= {"https_proxy": "http://user:secret@p:1", "ALL_PROXY": "user:secret@p:1", "no_proxy": "h"}
    found = examine(LIBRARIES, environ, None)

    assert set(found.facts["proxies"]) == {"ALL_PROXY", "https_proxy", "no_proxy"}
    assert "secret" not in as_text(found)


def test_the_command_tells_this_installation_as_json() -> None:
    result = CliRunner().invoke(doctor, ["--json"])

    found = json.loads(result.stdout)
    assert result.exit_code == (1 if found["broken"] else 0)
    assert found["facts"]["libcurl"]
    assert "https" in found["facts"]["protocols"]
