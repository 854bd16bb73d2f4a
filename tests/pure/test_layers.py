from __future__ import annotations

import ast
from pathlib import Path

import pytest

import pyinet.errors

# A module imports only from layers below its own; inside one top-level name (a package) all is free.
LAYERS = {
    "_certificate": 0,
    "_challenges": 0,
    "_contenttype": 0,
    "_cookie_date": 0,
    "_cookie_match": 0,
    "_httpdate": 0,
    "_httpenums": 0,
    "_record": 0,
    "_sendable": 0,
    "_systemproxy": 0,
    "_urls_escape": 0,
    "_winsock": 0,
    "_writebuffer": 0,
    "_cookie_parse": 1,
    "enums": 1,
    "_cookie_record": 2,
    "_options": 2,
    "_wording": 2,
    "_cookie_evict": 3,
    "_cookie_plan": 3,
    "_error_texts": 3,
    "errors": 4,
    "_announced": 5,
    "_castore": 5,
    "_credentials": 5,
    "_ffi": 5,
    "_file_modes": 5,
    "_file_url": 5,
    "_filedecoding": 6,
    "_headers": 5,
    "_optionaccess": 5,
    "_policy": 5,
    "_proxy": 5,
    "_requestbody": 5,
    "_requestheaders": 5,
    "_resolve": 5,
    "_upload": 5,
    "_url": 5,
    "_urls_scheme": 5,
    "lasterror": 5,
    "request": 5,
    "_betterfaults": 6,
    "_connectionlimit": 6,
    "_engine": 6,
    "_local_file": 6,
    "_proxyinfo": 6,
    "_queryinfo": 6,
    "_ranges": 6,
    "_redirect": 6,
    "_security": 6,
    "_status": 6,
    "_urls_crack": 6,
    "_urls_rewrite": 6,
    "cookiejar": 6,
    "result": 6,
    "_process": 7,
    "_reporting": 7,
    "_requestline": 7,
    "_settings": 7,
    "_stdio_text": 7,
    "_urls_canonical": 7,
    "_urls_create": 7,
    "_faults": 8,
    "_handles": 8,
    "_headerlines": 8,
    "_optionsettings": 8,
    "_sessioncookies": 8,
    "_stdio_base": 8,
    "_urls_combine": 8,
    "_pack": 9,
    "_sessionoptions": 9,
    "stdiofile": 9,
    "urlfunctions": 9,
    "_dispatch": 10,
    "_handleoptions": 10,
    "_plan": 10,
    "_processoptions": 10,
    "_sentheaders": 10,
    "_aio": 11,
    "_connectionoptions": 11,
    "_streaming": 11,
    "_aiter": 12,
    "_filehandle": 12,
    "internetconnection": 12,
    "_filewriting": 13,
    "bulk": 13,
    "_core": 14,
    "internetfile": 14,
    "_rangefile": 15,
    "_supply": 15,
    "_httpanswer": 16,
    "_fileoptions": 17,
    "_httpquery": 18,
    "_httpsending": 19,
    "_errordialog": 20,
    "httpfile": 21,
    "_open": 22,
    "httpconnection": 22,
    "session": 23,
    "__init__": 24,
    "cli": 25,
    "__main__": 26,
}
NATIVE = "_native"  # the compiled module
SOLE_IMPORTER_OF_NATIVE = "_ffi"

ROOT = Path(pyinet.errors.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))


def top_level(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_from_pyinet(path: Path) -> set[str]:
    """Top-level names of pyinet that the module imports anywhere; "__init__" for the package itself."""
    package = ["pyinet", *path.relative_to(ROOT).parts[:-1]]
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            base += node.module.split(".") if node.module else []
            names = [".".join(base)]
            if names == ["pyinet"]:  # `from pyinet import x`: a module, or a name that __init__ gives
                names = [f"pyinet.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "pyinet":
                module = parts[1] if len(parts) > 1 else "__init__"
                found.add(module if module in LAYERS or module == NATIVE or is_module(module) else "__init__")
    return found


def is_module(name: str) -> bool:
    return (ROOT / f"{name}.py").exists() or (ROOT / name).is_dir()


def test_imports_are_seen() -> None:
    assert imported_from_pyinet(ROOT / "errors.py") == {"enums", "_wording", "_error_texts"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    own = top_level(path)
    assert own in LAYERS, f"{own} has no layer: add it to the table"
    for module in imported_from_pyinet(path) - {own}:
        if module == NATIVE:
            assert own == SOLE_IMPORTER_OF_NATIVE, f"{own} imports the compiled module; go through _ffi"
        else:
            assert LAYERS[module] < LAYERS[own], f"{own} imports {module}, which is not below it"
