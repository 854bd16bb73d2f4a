# ruff: noqa: S301  (what is unpickled was pickled by the test)

from __future__ import annotations

import copy
import errno
import io
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyinet import errors
from pyinet._wording import TEXTS
from pyinet.errors import (
    CURLE_ERRORS,
    CallerError,
    InternetException,
    LocalFileError,
    TransferError,
    from_curl,
    http_status_error,
    local_file_error,
    redact,
)

CURL_NAMES = Path(__file__).parents[2] / "csrc" / "curl_names.txt"
NEWER_THAN_7_88 = {"ECH_REQUIRED"}
CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, InternetException)]


def make(cls: type[InternetException]) -> InternetException:
    if issubclass(cls, LocalFileError):
        return cls(
            "m", 112, os_errno=errno.ENOSPC, filename="/x", url="http://h/", context=7, curl_code=23,
            response_text="550",
        )  # fmt: skip
    return cls("m", 12002, url="http://h/", context=7, curl_code=28, response_text="550")


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_keeps_every_attribute(cls: type[InternetException], protocol: int) -> None:
    error = make(cls)
    error.__notes__ = ["note"]  # type: ignore[attr-defined]  # PEP 678, from Python 3.11 on
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is cls
    assert vars(again) == vars(error)
    assert (str(again), again.args) == (str(error), error.args)


@pytest.mark.parametrize("cls", CLASSES)
def test_copying_keeps_every_attribute(cls: type[InternetException]) -> None:
    error = make(cls)
    for again in (copy.copy(error), copy.deepcopy(error)):
        assert type(again) is cls
        assert (vars(again), again.args) == (vars(error), error.args)


def test_a_local_file_error_keeps_what_os_error_has() -> None:
    error = make(LocalFileError)
    for again in (error, pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert isinstance(again, LocalFileError)
        assert (again.errno, again.filename) == (errno.ENOSPC, "/x")
        assert again.strerror == "No space left on device"
        assert str(again) == "m"


def test_a_subclass_with_another_constructor_pickles() -> None:
    assert pickle.loads(pickle.dumps(OtherConstructorError())).code == 87


class OtherConstructorError(CallerError):
    def __init__(self) -> None:
        super().__init__("mine", 87)


@pytest.mark.parametrize("cls", set(CLASSES) - {InternetException, CallerError, TransferError})
def test_every_class_is_in_one_branch_and_names_its_code(cls: type[InternetException]) -> None:
    assert issubclass(cls, CallerError) != issubclass(cls, TransferError)
    assert cls.__doc__ is not None
    assert any(character.isdigit() for character in cls.__doc__)


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (errors.HandleClosed, ValueError),
        (errors.NotSupported, io.UnsupportedOperation),
        (errors.InternetTimeout, TimeoutError),
        (errors.CannotConnect, ConnectionError),
        (errors.HeaderNotFound, KeyError),
        (errors.NoMoreItems, KeyError),
        (errors.LocalFileError, OSError),
    ],
)
def test_builtin_that_a_program_expects(cls: type[InternetException], builtin: type[Exception]) -> None:
    error = make(cls)
    assert isinstance(error, builtin)
    assert str(error) == "m"


def test_name_is_the_constant() -> None:
    assert make(errors.InternetTimeout).name == "ERROR_INTERNET_TIMEOUT"
    assert InternetException("m", 99999).name == "unknown error"


def test_url_attribute_has_no_password() -> None:
    assert InternetException("m", 12002, url="ftp://u:secret@h/x").url == "ftp://u:***@h/x"


@pytest.mark.parametrize("name", CURLE_ERRORS)
def test_every_name_of_the_table_is_one_of_libcurl(name: str) -> None:
    assert f"CURLE_{name}" in CURL_NAMES.read_text().split() or name in NEWER_THAN_7_88


@pytest.mark.parametrize("name", CURLE_ERRORS)
def test_message_names_what_where_the_number_and_the_detail(name: str) -> None:
    error = from_curl(name, 77, url="http://u:secret@h:1/x", detail="because of this")
    code, cls = CURLE_ERRORS[name]
    text = str(error)
    assert type(error) is cls
    assert error.curl_code == 77
    assert "because of this" in text
    assert name in text
    assert f"[{error.code} {error.name}]" in text
    assert "http://u:***@h:1/x" in text
    assert "secret" not in repr(vars(error)) + text
    if name not in {"PEER_FAILED_VERIFICATION", "FILE_COULDNT_READ_FILE"}:
        assert error.code == code


def test_a_name_from_a_newer_libcurl_is_an_internal_error() -> None:
    error = from_curl("BRAND_NEW", 200, url="http://h/")
    assert (error.code, error.curl_code, type(error)) == (12004, 200, InternetException)
    assert "curl 200 BRAND_NEW" in str(error)


@pytest.mark.parametrize(
    ("verify_result", "detail", "code"),
    [
        (9, "", 12037),
        (10, "certificate has expired", 12037),
        (2, "", 12045),
        (18, "", 12045),
        (19, "", 12045),
        (20, "", 12045),
        (21, "", 12045),
        (23, "", 12170),
        (26, "", 12169),
        (0, "", 12038),
        (1, "SSL: no alternative certificate subject name matches target host name 'h'", 12038),
        (1, "SSL: certificate subject name 'elsewhere' does not match target hostname 'h'", 12038),
        (1, "SSL: unable to obtain common name from peer certificate", 12038),
        (1, "SSL: illegal cert name field", 12038),
        (999, "", 12169),
    ],
)
def test_refused_certificate_says_why(verify_result: int, detail: str, code: int) -> None:
    error = from_curl("PEER_FAILED_VERIFICATION", 60, url="https://h/", detail=detail, verify_result=verify_result)
    assert type(error) is errors.TlsError
    assert error.code == code


@pytest.mark.parametrize("name", ["SEND_ERROR", "RECV_ERROR"])
@pytest.mark.parametrize(
    ("os_errno", "code"),
    [(errno.ECONNRESET, 12031), (errno.EPIPE, 12031), (errno.ENETDOWN, 12030), (0, 12030)],
)
def test_lost_connection_tells_reset_from_abort(name: str, os_errno: int, code: int) -> None:
    error = from_curl(name, 56, url="http://h/", os_errno=os_errno)
    assert (type(error), error.code) == (errors.ConnectionLost, code)


def test_operating_system_says_its_part() -> None:
    error = from_curl("COULDNT_CONNECT", 7, url="http://h/", detail="no", os_errno=errno.ECONNREFUSED)
    assert "Connection refused" in str(error)


def test_odd_reply_of_an_ftp_server_is_its_refusal() -> None:
    assert type(from_curl("WEIRD_SERVER_REPLY", 8, url="ftp://h/")) is errors.ExtendedError
    assert type(from_curl("WEIRD_SERVER_REPLY", 8, url="http://h/")) is errors.ProtocolError


def test_http_0_9_is_a_protocol_error_and_not_an_unknown_scheme() -> None:
    error = from_curl("UNSUPPORTED_PROTOCOL", 1, url="http://h/", detail="Received HTTP/0.9 when not allowed")
    assert (type(error), error.code) == (errors.ProtocolError, 12152)


def test_unreadable_file_url_is_a_local_file_error() -> None:
    error = from_curl("FILE_COULDNT_READ_FILE", 37, url="file:///no%20such")
    assert isinstance(error, LocalFileError)
    assert (error.errno, error.filename, error.curl_code) == (errno.ENOENT, "/no such", 37)


def test_every_refinement_has_its_text() -> None:
    assert {code for code, cls in CURLE_ERRORS.values() if cls is not LocalFileError} <= set(TEXTS)
    assert set(errors._VERIFY_RESULT.values()) <= set(TEXTS)


@pytest.mark.parametrize(
    ("os_errno", "code"),
    [
        (errno.ENOSPC, 112),
        (errno.EDQUOT, 112),
        (errno.EACCES, 5),
        (errno.EPERM, 5),
        (errno.EROFS, 5),
        (errno.ENOENT, 3),
        (errno.EEXIST, 80),
        (errno.EPROTO, 29),
    ],
)
def test_local_file_error_has_the_win32_number(os_errno: int, code: int) -> None:
    error = local_file_error(os_errno, "/out/a.bin", url="http://u:secret@h/a", what="cannot write")
    assert (error.code, error.errno, error.filename) == (code, os_errno, "/out/a.bin")
    assert str(error).startswith("cannot write '/out/a.bin': ")
    assert str(error).endswith(f": http://u:***@h/a [{code} {error.name}]")


def test_status_error_says_status_and_reason() -> None:
    error = http_status_error(404, "Not Found", url="http://h/a", response_text="gone")
    assert (error.status, error.name, error.response_text) == (404, "HTTP_E_STATUS_404", "gone")
    assert str(error) == "HTTP status 404 Not Found: http://h/a [0x80190194]"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h/", "http://h/"),
        ("http://u@h/", "http://u@h/"),
        ("http://u:p@h/", "http://u:***@h/"),
        ("http://:p@h/", "http://:***@h/"),
        ("http://u:@h/", "http://u:***@h/"),
        ("http://u:p@ss@h/", "http://u:***@h/"),
        ("http://us@er:p@h/", "http://us@er:***@h/"),
        ("http://u:p/w@h/", "http://u:***@h/"),
        ("http://u:p?w@h/", "http://u:***@h/"),
        (" http://u:p@h/", " http://u:***@h/"),
        ("u:p@h:3128", "u:***@h:3128"),
        ("http://h:80/a:b@c", "http://h:80/a:b@c"),
        ("http://h/?q=a:b@c", "http://h/?q=a:b@c"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("http://u:p@[::1]/", "http://u:***@[::1]/"),
        ("http://u:p\nw@h/", "http://u:***@h/"),
        ("", ""),
    ],
)
def test_redact_hides_the_password_alone(url: str, shown: str) -> None:
    assert redact(url) == shown


@given(st.text(st.characters(exclude_characters=":/?#[]@"), min_size=1), st.text())
def test_redact_never_shows_a_password(user: str, tail: str) -> None:
    assert "S3CRET" not in redact(f"https://{user}:S3CRET@host/{tail}")
