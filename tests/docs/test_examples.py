"""What the documentation shows is run: every Python block, page by page, and the whole programs."""

from __future__ import annotations

import doctest
import io
import multiprocessing
import re
import runpy
import subprocess
import sys
import threading
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
SHOWN_BASE = "http://127.0.0.1:8000"
"""What the pages call the server; the examples get the one of the test instead."""

FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
KINDS = {"python", "text", "cpp", "{toctree}", "{literalinclude}", "{generated}"}
LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
CHILD_SECONDS = 50


class Block(NamedTuple):
    """A fenced block: its language, text, and the line it begins on."""

    kind: str
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(found["kind"].strip(), found["text"], text.count("\n", 0, found.start()) + 1)
        for found in FENCE.finditer(text)
    ]


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    playground = runpy.run_path(str(DOCS / "playground.py"))
    with playground["Server"](("127.0.0.1", 0), playground["Playground"]) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def run_block(block: Block, page: Path, names: dict[str, object], base: str) -> str:
    """Run a block in *names* and return what it printed; its lines are those of the page in a traceback."""
    source = "\n" * block.line + block.text.replace(SHOWN_BASE, base)
    with redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, str(page), "exec", dont_inherit=True), names)  # noqa: S102 - our own pages
    return printed.getvalue()


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in page.read_text("utf-8")], ids=lambda p: p.stem
)
def test_the_examples_of_a_page_do_what_it_says(page: Path, base: str) -> None:
    blocks = blocks_of(page)
    names: dict[str, object] = {"__name__": "__main__"}
    for block, after in zip(blocks, [*blocks[1:], Block("", "", 0)], strict=True):
        if block.kind == "python":
            printed = run_block(block, page, names, base)
            expected = after.text.replace(SHOWN_BASE, base) if after.kind == "text" else ""
            assert doctest.OutputChecker().check_output(expected, printed, LOOSE), (
                f"{page.name}, line {block.line} printed:\n{printed}instead of:\n{expected}"
            )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_is_of_a_kind_that_is_run_or_shown_on_purpose(page: Path) -> None:
    blocks = blocks_of(page)
    assert {block.kind.split(" ")[0] for block in blocks} <= KINDS
    for before, block in zip([Block("", "", 0), *blocks], blocks, strict=False):
        assert block.kind != "text" or before.kind == "python", f"{page.name}, line {block.line}: output of nothing"


def run_program(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", str(DOCS / "examples" / name), *arguments],
        capture_output=True, text=True, timeout=CHILD_SECONDS, check=False,
    )  # fmt: skip


def test_a_session_goes_to_worker_processes_however_they_start(base: str) -> None:
    ended = run_program("pool.py", base)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == ["(6, 5000)"] * len(multiprocessing.get_all_start_methods())


def test_the_ported_program_prints_what_the_page_says(base: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    ended = run_program("watch.py", f"{base}/moved", str(target))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert target.read_bytes() == b"hello\n"
    shown = re.findall(r"^    (\[7\].*)$", (DOCS / "porting.md").read_text("utf-8"), re.MULTILINE)
    assert [line.replace(base, SHOWN_BASE) for line in ended.stdout.splitlines()] == shown


@pytest.mark.parametrize(
    ("path", "code", "out", "err"),
    [("/nothing", 1, "status 404", ""), ("", 2, "", "error 12029")],
    ids=["an HTTP status is no error", "nobody answers"],
)
def test_the_ported_program_fails_as_the_original_did(
    base: str, tmp_path: Path, path: str, code: int, out: str, err: str
) -> None:
    url = f"{base}{path}" if path else "http://127.0.0.1:1/"
    ended = run_program("watch.py", url, str(tmp_path / "out"))
    assert ended.returncode == code
    assert out in ended.stdout
    assert ended.stderr.startswith(err)
    assert not (tmp_path / "out").exists()
