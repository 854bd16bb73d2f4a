from __future__ import annotations

import ast
from pathlib import Path

import pytest

import pyinet.errors

# A module imports only from layers below its own; inside the command line all is free.
LAYERS = {
    "_answer.certificate": 0,
    "_answer.challenges": 0,
    "_answer.content_type": 0,
    "_answer.date": 0,
    "_cookies.date": 0,
    "_cookies.match": 0,
    "_files.write_buffer": 0,
    "_httpenums": 0,
    "_network.system_proxy": 0,
    "_network.winsock": 0,
    "_optionenums": 0,
    "_request.sendable": 0,
    "_transfer.record": 0,
    "_urlenums": 0,
    "_urls.escape": 0,
    "_cookies.parse": 1,
    "enums": 1,
    "_cookies.record": 2,
    "_options.table": 2,
    "_wording": 2,
    "_cookies.evict": 3,
    "_cookies.plan": 3,
    "_error_texts": 3,
    "errors": 4,
    "_announced": 5,
    "_answer.headers": 5,
    "_files.upload": 5,
    "_network.ca_store": 5,
    "_network.proxy": 5,
    "_network.resolve": 5,
    "_request.body": 5,
    "_request.credentials": 5,
    "_request.headers": 5,
    "_stdio.file_url": 5,
    "_stdio.modes": 5,
    "_transfer.ffi": 5,
    "_urls.scheme": 5,
    "_urls.wire": 5,
    "lasterror": 5,
    "policy": 5,
    "request": 5,
    "_answer.decoding": 6,
    "_answer.query_info": 6,
    "_answer.ranges": 6,
    "_network.connection_limit": 6,
    "_options.proxy_info": 6,
    "_request.redirect": 6,
    "_request.security": 6,
    "_stdio.local": 6,
    "_transfer.better_faults": 6,
    "_transfer.engine": 6,
    "_transfer.status": 6,
    "_urls.crack": 6,
    "_urls.rewrite": 6,
    "cookiejar": 6,
    "result": 6,
    "_options.access": 7,
    "_process": 7,
    "_request.line": 7,
    "_settings": 7,
    "_stdio.text": 7,
    "_transfer.reporting": 7,
    "_urls.canonical": 7,
    "_urls.create": 7,
    "_cookies.calls": 8,
    "_handles": 8,
    "_options.session_proxies": 8,
    "_options.settings": 8,
    "_request.header_lines": 8,
    "_stdio.base": 8,
    "_transfer.faults": 8,
    "_urls.combine": 8,
    "_options.open_sessions": 9,
    "_transfer.pack": 9,
    "stdiofile": 9,
    "urlfunctions": 9,
    "_options.handle": 10,
    "_options.of_session": 10,
    "_options.process": 10,
    "_request.plan": 10,
    "_request.sent_headers": 10,
    "_transfer.dispatch": 10,
    "_options.connection": 11,
    "_options.session": 11,
    "_transfer.aio": 11,
    "_transfer.streaming": 11,
    "_files.handle": 12,
    "_transfer.aiter": 12,
    "internetconnection": 12,
    "_files.writing": 13,
    "bulk": 13,
    "_transfer.core": 14,
    "internetfile": 14,
    "_files.ranged": 15,
    "_files.supply": 15,
    "_files.answer": 16,
    "_options.file": 17,
    "_files.query": 18,
    "_files.sending": 19,
    "_files.error_dialog": 20,
    "httpfile": 21,
    "_files.open_url": 22,
    "httpconnection": 22,
    "session": 23,
    "__init__": 24,
    "cli": 25,
    "__main__": 26,
}
NATIVE = "_native"  # the compiled module
SOLE_IMPORTER_OF_NATIVE = "_transfer.ffi"

ROOT = Path(pyinet.errors.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.parent == ROOT or path.name != "__init__.py")
FOLDERS = sorted(path.parent for path in ROOT.rglob("__init__.py") if path.parent.name.startswith("_"))


def name_of(path: Path) -> str:
    """The row of the table: dotted, below pyinet; one for the whole command line."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "cli" if parts[0] == "cli" else ".".join(parts)


def imported_from_pyinet(path: Path) -> set[str]:
    """Rows of the table that the module imports anywhere; "__init__" for the package itself."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]  # a module, or what it holds
        else:
            continue
        found |= {row_of(name.split(".")[1:]) for name in names if name.split(".")[0] == "pyinet"}
    return found


def row_of(parts: list[str]) -> str:
    """The module among *parts*, which may end with the name of something in it."""
    for count in range(len(parts), 0, -1):
        name = "cli" if parts[0] == "cli" else ".".join(parts[:count])
        if name in LAYERS or name == NATIVE:
            return name
    return "__init__"


def test_imports_are_seen() -> None:
    assert imported_from_pyinet(ROOT / "errors.py") == {"enums", "_wording", "_error_texts"}
    assert imported_from_pyinet(ROOT / "_options" / "process.py") >= {"_options.access", "_options.table", "_process"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    own = name_of(path)
    assert own in LAYERS, f"{own} has no layer: add it to the table"
    for module in imported_from_pyinet(path) - {own}:
        if module == NATIVE:
            assert own == SOLE_IMPORTER_OF_NATIVE, f"{own} imports the compiled module; go through _transfer/ffi.py"
        else:
            assert LAYERS[module] < LAYERS[own], f"{own} imports {module}, which is not below it"


def test_every_row_is_a_module() -> None:
    assert set(LAYERS) == {name_of(path) for path in MODULES}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_folders_hold_no_code_of_their_own(folder: Path) -> None:
    (statement,) = ast.parse((folder / "__init__.py").read_text("utf-8")).body
    assert isinstance(statement, ast.Expr), "only what is in the folder, in words"
