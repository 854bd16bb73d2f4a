"""`pyinet get` against a session that never touches the network: options, exit codes, what is printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from pyinet.cli.get import get
from pyinet.enums import AccessType
from pyinet.errors import CallerError, NameNotResolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from typing_extensions import Self

    from pyinet.request import Request

PLACES = {"gone": 404, "unknown": NameNotResolved("no such host", 12007), "stop": KeyboardInterrupt()}
"""What the last segment of a URL makes of its row; else it is 200."""


@dataclass
class FakeSession:
    """Records how it was made and what was fetched; rows end in their order."""

    made: dict[str, object] = field(default_factory=dict)
    fetched: list[Request] = field(default_factory=list)
    limits: dict[str, object] = field(default_factory=dict)

    def __call__(self, agent: str, **options: object) -> Self:
        if options["proxy_name"] == "bad":
            raise CallerError("bad proxy [87 ERROR_INVALID_PARAMETER]", 87)
        self.made = {"agent": agent, **options}
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def fetch(self, requests: Iterable[Request], **limits: object) -> Self:
        self.limits = limits
        self._requests = requests
        return self

    def progress(self) -> SimpleNamespace:
        return SimpleNamespace(in_flight=0, bytes_received=1_000_000, elapsed=1.0)

    def __iter__(self) -> Iterator[SimpleNamespace]:
        for request in self._requests:
            self.fetched.append(request)
            place = PLACES.get(request.url.rpartition("/")[2], 200)
            if isinstance(place, KeyboardInterrupt):
                raise place
            error = None if isinstance(place, int) else place
            status = place if isinstance(place, int) else 0
            yield SimpleNamespace(request=request, status=status, reason="", error=error)


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture(autouse=True)
def _in_a_directory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(session: FakeSession, *arguments: str) -> Result:
    return CliRunner().invoke(get, arguments, obj=session, catch_exceptions=False)


def test_all_arrived_is_exit_code_0_and_a_summary(session: FakeSession) -> None:
    result = run(session, "http://h/a", "http://h/b")

    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr == "2 files arrived, 0 failed, 1.0 MB in 1.00 s (2.0 transfers/s, 1.0 MB/s)\n"
    assert [str(request.path) for request in session.fetched] == ["h/a", "h/b"]


def test_failed_rows_are_exit_code_1_and_a_line_each_while_the_others_arrive(session: FakeSession) -> None:
    result = run(session, "http://h/gone", "http://u:secret@h/unknown", "nonsense", "http://h/a")

    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "404 Not Found  http://h/gone",
        "failed: http://u:***@h/unknown -> h/unknown: [12007 ERROR_INTERNET_NAME_NOT_RESOLVED] no such host",
        "failed: nonsense: not an absolute URL (scheme://host/...)",
        "1 files arrived, 3 failed, 1.0 MB in 1.00 s (4.0 transfers/s, 1.0 MB/s)",
    ]


def test_an_interrupt_is_exit_code_130_and_tells_what_arrived(session: FakeSession) -> None:
    result = run(session, "http://h/a", "http://h/stop", "http://h/b")

    assert result.exit_code == 130
    assert result.stderr.startswith("interrupted: 1 files arrived, 0 failed")


def test_quiet_prints_failures_only(session: FakeSession) -> None:
    assert run(session, "-q", "http://h/a").output == ""
    assert run(session, "-q", "http://h/gone").output == "404 Not Found  http://h/gone\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to do"),
        (("--manifest", "missing.csv"), "cannot read the manifest missing.csv"),
        (("--manifest", "."), "cannot read the manifest ."),
        (("--manifest", "no-url.csv"), "must name a column url"),
        (("--manifest", "empty.txt"), "the manifest has no rows"),
        (("--in-flight", "0", "http://h/a"), "--in-flight"),
        (("--timeout", "0", "http://h/a"), "--timeout"),
        (("--max-size", "1T", "http://h/a"), "is no size"),
        (("--header", "nonsense", "http://h/a"), "is no header"),
        (("--resolve", "h", "http://h/a"), "--resolve"),
        (("--ca", "missing.pem", "http://h/a"), "missing.pem"),
        (("--proxy", "bad", "http://h/a"), "bad proxy"),
        (("-o", "empty.txt", "http://h/a"), "cannot use the directory empty.txt"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_misuse_is_exit_code_2_with_a_reason_and_nothing_is_fetched(
    session: FakeSession, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "no-url.csv").write_text("path\na\n")
    (tmp_path / "empty.txt").write_text("# nothing\n")

    result = run(session, *arguments)

    assert result.exit_code == 2
    assert message in result.stderr
    assert session.fetched == []


def test_urls_and_the_rows_of_a_manifest_are_fetched_together(session: FakeSession, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("url,path\nhttp://h/b,x\n")

    assert run(session, "http://h/a", "--manifest", "m.csv", "-o", "out").exit_code == 0
    assert [(request.url, str(request.path)) for request in session.fetched] == [
        ("http://h/a", "out/h/a"),
        ("http://h/b", "out/x"),
    ]


def test_the_form_of_a_manifest_can_be_given(session: FakeSession, tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text('{"url": "http://h/a"}\n')

    assert run(session, "--manifest", "m.txt", "--format", "jsonl").exit_code == 0
    assert [request.url for request in session.fetched] == ["http://h/a"]


def test_options_reach_the_session_and_the_requests(session: FakeSession, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    options = (
        "--in-flight 7 --per-host 3 --timeout 1.5 --max-size 2k --ca ca.pem --proxy p:1 --user-agent me/1"
        " --resolve h=127.0.0.1 --resolve *=::1 --header X:1 --header Y:2"
    )

    assert run(session, *options.split(), "http://h/a").exit_code == 0

    assert session.made == {
        "agent": "me/1",
        "access_type": AccessType.PROXY,
        "proxy_name": "p:1",
        "ca": "ca.pem",
        "resolve": {"h": "127.0.0.1", "*": "::1"},
    }
    assert session.limits == {"in_flight": 7, "per_host": 3}
    (request,) = session.fetched
    assert (request.timeout, request.max_size) == (1.5, 2048)
    assert list(request.headers) == [("X", "1"), ("Y", "2")]


def test_without_options_the_environment_chooses_the_proxy(session: FakeSession) -> None:
    run(session, "http://h/a")

    assert session.made["access_type"] is AccessType.PRECONFIG
    assert session.made["proxy_name"] is None
    assert str(session.made["agent"]).startswith("pyinet/")
    assert session.limits == {"in_flight": 64, "per_host": None}


def test_a_second_row_of_the_same_name_is_not_sent(session: FakeSession) -> None:
    result = run(session, "http://h/a", "http://h/A")

    assert result.exit_code == 1
    assert "another row has this name already" in result.stderr
    assert len(session.fetched) == 1


def test_a_second_row_of_the_same_name_can_be_numbered(session: FakeSession) -> None:
    assert run(session, "--collisions", "number", "http://h/a.b", "http://h/a.b").exit_code == 0
    assert [str(request.path) for request in session.fetched] == ["h/a.b", "h/a.1.b"]


def test_existing_files_can_be_kept(session: FakeSession, tmp_path: Path) -> None:
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / "a").write_text("old")

    assert run(session, "http://h/a").exit_code == 0
    result = run(session, "--existing", "refuse", "http://h/a")
    assert result.exit_code == 1
    assert result.stderr.startswith("failed: http://h/a: h/a exists already\n")


def test_help_tells_exit_codes_forms_and_collisions(session: FakeSession) -> None:
    text = run(session, "--help").output

    for word in ("Examples:", "Exit codes:", "130", "jsonl", "--collisions", "index.html"):
        assert word in text
