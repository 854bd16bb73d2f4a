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
    "errors": 2,
    "_announced": 3,
    "_castore": 3,
    "_cookie_evict": 3,
    "_cookie_plan": 3,
    "_ffi": 3,
    "_file_modes": 3,
    "_file_url": 3,
    "_headers": 3,
    "_optionaccess": 3,
    "_proxy": 3,
    "_resolve": 3,
    "_url": 3,
    "_urls_scheme": 3,
    "lasterror": 3,
    "request": 3,
    "_connectionlimit": 4,
    "_engine": 4,
    "_local_file": 4,
    "_proxyinfo": 4,
    "_redirect": 4,
    "_status": 4,
    "_urls_crack": 4,
    "_urls_rewrite": 4,
    "cookiejar": 4,
    "result": 4,
    "_process": 5,
    "_reporting": 5,
    "_settings": 5,
    "_stdio_text": 5,
    "_urls_canonical": 5,
    "_urls_create": 5,
    "_faults": 6,
    "_handles": 6,
    "_pack": 6,
    "_sessioncookies": 6,
    "_stdio_base": 6,
    "_urls_combine": 6,
    "_dispatch": 7,
    "_sessionoptions": 7,
    "stdiofile": 7,
    "urlfunctions": 7,
    "_aio": 8,
    "_processoptions": 8,
    "_streaming": 8,
    "_aiter": 9,
    "internetfile": 9,
    "bulk": 10,
    "httpfile": 10,
    "_core": 11,
    "_open": 12,
    "session": 13,
    "__init__": 14,
    "cli": 15,
    "__main__": 16,
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
    assert imported_from_pyinet(ROOT / "errors.py") == {"enums", "_wording"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    own = top_level(path)
    assert own in LAYERS, f"{own} has no layer: add it to the table"
    for module in imported_from_pyinet(path) - {own}:
        if module == NATIVE:
            assert own == SOLE_IMPORTER_OF_NATIVE, f"{own} imports the compiled module; go through _ffi"
        else:
            assert LAYERS[module] < LAYERS[own], f"{own} imports {module}, which is not below it"
