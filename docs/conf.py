"""Sphinx: Markdown pages, some parts of them generated from the package. `make docs` runs it, without a network."""

from __future__ import annotations

import enum
import inspect
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING

from pyinet import InternetSession

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "pyinet"
author = "pyinet authors"
copyright = author  # noqa: A001 - Sphinx's name for it
version = release = installed_version("pyinet")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "generated"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["README.md"]
default_role = "py:obj"  # docstrings name things in single backticks
add_module_names = False
modindex_common_prefix = ["pyinet."]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_use_ivar = True
napoleon_custom_sections = [("Source", "returns_style")]

html_theme = "furo"
html_title = f"pyinet {version}"
html_copy_source = False
html_show_sphinx = False

MADE_BY_THE_PACKAGE = {
    "Fetch", "HttpConnection", "HttpFile", "InternetConnection", "InternetFile", "Progress", "Result", "Timings",
}  # fmt: skip
"""Classes whose constructor is nobody's business."""

INNER = {"after_fork", "ask", "handle_closed", "handle_node", "hold", "memory", "remember", "send", "transmit"}
"""Methods and properties that other modules of the package use, and users do not."""


def shown_signature(
    _app: object, _what: str, name: str, thing: object, _options: object, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Leave out what calling a class takes where users never call it; look behind calls that work on classes too."""
    function = getattr(inspect.getattr_static(InternetSession, name.rpartition(".")[2], None), "_function", None)
    if function is not None:
        found = inspect.signature(function)
        without_jar = found.replace(parameters=list(found.parameters.values())[1:])
        shown, _, returned = str(without_jar).replace("'", "").partition(" -> ")
        return shown, returned
    if inspect.isclass(thing):
        kind = issubclass(thing, (enum.Enum, BaseException))
        if kind or thing.__name__ in MADE_BY_THE_PACKAGE:
            return "", None
    return signature, returned


def skipped(_app: object, _what: str, _name: str, thing: object, skip: bool, _options: object) -> bool | None:
    """Leave out what is inside the package."""
    function = thing.fget if isinstance(thing, property) else thing
    return True if getattr(function, "__name__", "") in INNER else skip or None


def setup(app: Sphinx) -> None:
    """Connect the above."""
    app.connect("autodoc-process-signature", shown_signature)
    app.connect("autodoc-skip-member", skipped)
