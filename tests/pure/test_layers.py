from __future__ import annotations

import ast
from pathlib import Path

import pytest

import pyinet.errors

# A module imports only from layers below its own; inside one top-level name (a package) all is free.
LAYERS = {
    "_cookie_date": 0,
    "_cookie_match": 0,
    "_record": 0,
    "_urls_escape": 0,
    "_winsock": 0,
    "enums": 0,
    "_cookie_parse": 1,
    "_options": 1,
    "_wording": 1,
    "_cookie_record": 2,
    "_error_texts": 2,
    "_cookie_evict": 3,
    "_cookie_plan": 3,
    "errors": 3,
    "_announced": 4,
    "_castore": 4,
    "_ffi": 4,
    "_file_modes": 4,
    "_file_url": 4,
    "_headers": 4,
    "_optionaccess": 4,
    "_proxy": 4,
    "_resolve": 4,
    "_url": 4,
    "_urls_scheme": 4,
    "lasterror": 4,
    "request": 4,
    "_connectionlimit": 5,
    "_engine": 5,
    "_local_file": 5,
    "_proxyinfo": 5,
    "_redirect": 5,
    "_status": 5,
    "_urls_crack": 5,
    "_urls_rewrite": 5,
    "cookiejar": 5,
    "result": 5,
    "_process": 6,
    "_reporting": 6,
    "_settings": 6,
    "_stdio_text": 6,
    "_urls_canonical": 6,
    "_urls_create": 6,
    "_faults": 7,
    "_handles": 7,
    "_pack": 7,
    "_sessioncookies": 7,
    "_stdio_base": 7,
    "_urls_combine": 7,
    "_dispatch": 8,
    "_sessionoptions": 8,
    "stdiofile": 8,
    "urlfunctions": 8,
    "_aio": 9,
    "_processoptions": 9,
    "_streaming": 9,
    "_aiter": 10,
    "internetfile": 10,
    "bulk": 11,
    "httpfile": 11,
    "_core": 12,
    "_open": 13,
    "session": 14,
    "__init__": 15,
    "cli": 16,
    "__main__": 17,
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
