"""The parts of the documentation that are made from the package, each a function that returns Markdown.

`PARTS` names them; the directive ``{generated} NAME`` puts one into a page. Whatever has no shape they know raises:
a page with a hole in it would look complete.
"""

from __future__ import annotations

import ast
import enum
import inspect
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyinet
from pyinet import errors
from pyinet._error_texts import error_text
from pyinet._options.table import OPTIONS, Verdict
from pyinet._transfer.ffi import curl_names
from pyinet.enums import InternetErrorCode, InternetOption, InternetStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

TABLES = Path(__file__).with_name("tables")


class UnknownShapeError(Exception):
    """A table, or the source of an enumeration, is not what this module can read."""


def table_of(name: str, variable: str) -> Any:  # noqa: ANN401 - of the shape that the table has
    """Return *variable* of ``docs/tables/NAME.py``.

    Raises:
        UnknownShapeError: There is no such file or variable.
    """
    path = TABLES / f"{name}.py"
    if not path.is_file():
        raise UnknownShapeError(f"{path} is missing")
    found = runpy.run_path(str(path))
    if variable not in found:
        raise UnknownShapeError(f"{path} has no {variable}")
    return found[variable]


def markdown_table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table; a bar inside a cell is kept from being the end of it."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _code(text: object) -> str:
    return f"`{text}`"


def _markdown(text: str) -> str:
    """Return a docstring's line as Markdown: literals have one backtick there."""
    return " ".join(text.split()).replace("``", "`")


# ---- statuses ----


def member_texts(kind: type[enum.Enum]) -> dict[str, str]:
    """Return what stands below each member of an enumeration in its source.

    Raises:
        UnknownShapeError: A member has no text.
    """
    (node,) = ast.parse(inspect.getsource(kind)).body
    body = node.body if isinstance(node, ast.ClassDef) else []
    texts = {}
    for statement, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            if not (isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)):
                raise UnknownShapeError(f"{kind.__name__}.{statement.targets[0].id} has no docstring below it")
            texts[statement.targets[0].id] = str(after.value.value)
    return texts


def statuses() -> str:
    """Every status with its meaning and the information that comes with it."""
    texts = member_texts(InternetStatus)
    rows = ((status.value, _code(status.name), _markdown(texts[status.name])) for status in InternetStatus)
    return markdown_table(("number", "name", "meaning, *info*"), rows)


# ---- errors ----


def _text_of(code: InternetErrorCode) -> str:
    """What failed, and what to do."""
    what, hint = error_text(code)
    return f"{what}; {hint}" if hint else what


def _raised_as() -> Mapping[str, tuple[str, ...]]:
    found: Mapping[str, tuple[str, ...]] = table_of("error_classes", "RAISED_AS")
    for name, classes in found.items():
        if name not in InternetErrorCode.__members__:
            raise UnknownShapeError(f"RAISED_AS: there is no {name}")
        for cls in classes:
            if cls not in pyinet.__all__:
                raise UnknownShapeError(f"RAISED_AS: pyinet has no {cls}")
    return found


def _exceptions() -> list[type[errors.InternetException]]:
    public = (getattr(pyinet, name) for name in pyinet.__all__)
    return [cls for cls in public if inspect.isclass(cls) and issubclass(cls, errors.InternetException)]


def error_classes() -> str:
    """Every class with its bases and its meaning, the branches first."""

    def row(cls: type) -> tuple[str, str, str]:
        meaning = (cls.__doc__ or "").strip().partition("\n")[0]
        return _code(cls.__name__), ", ".join(_code(base.__name__) for base in cls.__bases__), _markdown(meaning)

    ordered = sorted(_exceptions(), key=lambda cls: (len(cls.__mro__) > 5, cls.__name__))  # noqa: PLR2004
    branches: list[type[errors.InternetException]] = [
        errors.InternetException,
        errors.CallerError,
        errors.TransferError,
    ]
    return markdown_table(
        ("class", "is a", "meaning"), (row(cls) for cls in [*branches, *(c for c in ordered if c not in branches)])
    )


def errors_raised() -> str:
    """Every number that is raised: name, class, text and hint."""
    classes = _raised_as()
    rows = (
        (code.value, _code(code.name), ", ".join(map(_code, classes[code.name])), _text_of(code))
        for code in InternetErrorCode
        if code.name in classes
    )
    return markdown_table(("number", "name", "class", "text; hint"), rows)


def errors_unused() -> str:
    """Every other number."""
    classes = _raised_as()
    rows = ((code.value, _code(code.name), _text_of(code)) for code in InternetErrorCode if code.name not in classes)
    return markdown_table(("number", "name", "text; hint"), rows)


def curl_errors() -> str:
    """Every error of libcurl that has a number of its own here, with its class."""
    numbers = {name: number for number, name in curl_names().items()}
    rows = []
    for name, (code, cls) in errors.CURLE_ERRORS.items():
        number = numbers.get(name, "")  # newer than the libcurl this was built with
        rows.append((number, _code(name), int(code), _code(InternetErrorCode(code).name), _code(cls.__name__)))
    return markdown_table(("CURLE", "name", "number", "becomes", "class"), rows)


# ---- options ----


def options() -> str:
    """The table of options."""
    rows = []
    for number in sorted(OPTIONS):
        row = OPTIONS[number]
        kind = "" if row.verdict is Verdict.REFUSED else row.kind.value
        default = "" if row.default is None or row.default == "" else _code(row.default)
        verdict = row.verdict.value + (f" ({int(row.refusal)})" if row.refusal else "")
        name = _code(InternetOption(number).name)
        rows.append((int(number), name, kind, row.access, row.levels, default, verdict, row.help))
    return markdown_table(("number", "name", "value", "access", "levels", "default", "", "meaning"), rows)


# ---- public names ----


def reference() -> str:
    """Directives for every public name of the package, by kind."""
    groups: dict[str, list[str]] = {"Classes": [], "Functions": [], "Enumerations": [], "Errors": [], "Others": []}
    for name in pyinet.__all__:
        groups[_kind_of(getattr(pyinet, name))].append(name)
    groups["Classes"].sort(key=lambda name: (name != "InternetSession", name))
    groups["Errors"].sort(key=lambda name: (name != "InternetException", name))
    return "\n".join(f"## {title}\n\n{_directives(title, names)}" for title, names in groups.items() if names)


def _kind_of(thing: object) -> str:
    if inspect.isclass(thing):
        kinds = ((BaseException, "Errors"), (enum.Enum, "Enumerations"), (object, "Classes"))
        return next(title for base, title in kinds if issubclass(thing, base))
    return "Functions" if inspect.isroutine(thing) else "Others"


_FOREIGN = "RawIOBase,_RawIOBase,IOBase,_IOBase,tuple"
"""Bases whose members are documented elsewhere."""

_DIRECTIVES = {"Functions": "autofunction", "Others": "autodata"}


def _directives(title: str, names: list[str]) -> str:
    directive = _DIRECTIVES.get(title, "autoclass")
    lines = []
    for name in names:
        lines.append(f".. {directive}:: pyinet.{name}")
        if directive == "autoclass":
            lines += [f"   :{option}" for option in _class_options(title, getattr(pyinet, name))]
        lines.append("")
    return "```{eval-rst}\n" + "\n".join(lines) + "```\n"


def _class_options(title: str, cls: type) -> list[str]:
    if title == "Errors":
        return ["members:", "show-inheritance:"]
    if title == "Enumerations":
        return ["members:", "undoc-members:"]
    # What bases give that are no part of the public face counts as its own; what a public one gives stands there.
    public = [base for base in cls.__mro__[1:] if base.__name__ in pyinet.__all__]
    elsewhere = [base.__name__ for base in public[0].__mro__ if base is not object] if public else []
    return ["members:", f"inherited-members: {','.join([*elsewhere, _FOREIGN])}", *["show-inheritance:"] * bool(public)]


# ---- sequences ----

_FIELDS = ("name", "situation", "face", "statuses", "error")
_FACES = {
    "open_url": "Files of `open_url`, read to the end and closed",
    "fetch": "Rows of `fetch` with a context",
    "request": "Requests on a connection, both closed in the end",
}
_OPENED = "|"
"""Stands where the call that opens the file returns."""
_INFORMATION = {
    "H": {60, 70}, "N": {10}, "A": {11, 20, 21}, "B": {31, 41}, "U": {110}, "S": {120}, "": {30, 40, 50, 51},
}  # fmt: skip
"""What stands beside a status, to the statuses it may stand beside."""


def sequences() -> str:
    """Every situation with what is reported in it, by face."""
    sections: dict[str, list[tuple[str, str, str]]] = {face: [] for face in _FACES}
    for row in table_of("status_sequences", "SEQUENCES"):
        face, *cells = sequence_cells(row)
        sections[face].append((cells[0], cells[1], cells[2]))
    heads = ("situation", "statuses", "ends with")
    return "\n".join(f"### {_FACES[face]}\n\n{markdown_table(heads, rows)}" for face, rows in sections.items())


def sequence_cells(row: Any) -> tuple[str, str, str, str]:  # noqa: ANN401 - its shape is what is looked at
    """Return face, situation, statuses and error of a row of the table of sequences.

    Raises:
        UnknownShapeError: It has other fields, or one holds what is not known here.
    """
    if getattr(row, "_fields", None) != _FIELDS:
        raise UnknownShapeError(f"SEQUENCES: a row is not {_FIELDS}: {row!r}")
    if row.face not in _FACES:
        raise UnknownShapeError(f"SEQUENCES: {row.name}: there is no face {row.face!r}")
    if row.error and row.error not in set(InternetErrorCode):
        raise UnknownShapeError(f"SEQUENCES: {row.name}: there is no error {row.error!r}")
    numbers = [_status_of(token, row.name) for token in row.statuses.split()]
    error = f"{row.error} `{InternetErrorCode(row.error).name}`" if row.error else ""
    return row.face, row.situation, " ".join(numbers), error


def _status_of(token: str, name: str) -> str:
    if token == _OPENED:
        return "→"
    number = token.rstrip("HNABUS")
    if not number.isdigit() or int(number) not in _INFORMATION.get(token[len(number) :], ()):
        raise UnknownShapeError(f"SEQUENCES: {name}: {token!r} is not known")
    return str(InternetStatus(int(number)).value)


PARTS: Mapping[str, Callable[[], str]] = {
    "statuses": statuses,
    "sequences": sequences,
    "error-classes": error_classes,
    "errors-raised": errors_raised,
    "errors-unused": errors_unused,
    "curl-errors": curl_errors,
    "options": options,
    "reference": reference,
}
"""Name in a page to what makes it."""
