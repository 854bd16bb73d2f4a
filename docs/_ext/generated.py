"""The directive ``{generated} NAME``: puts a part that `generate` makes into a page."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx

GENERATE = Path(__file__).parents[1] / "generate.py"


class Generated(SphinxDirective):
    """Takes the name of a part; an unknown name, or a part that cannot be made, ends the build."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, object]] = {}

    def run(self) -> list[nodes.Node]:
        """Return the part, parsed as the page itself is.

        Raises:
            ExtensionError: It cannot be made.
        """
        self.env.note_dependency(str(GENERATE))
        self.env.note_reread()  # it comes from the package, whose changes Sphinx does not see
        try:
            text = runpy.run_path(str(GENERATE))["PARTS"][self.arguments[0]]()
        except Exception as error:
            raise ExtensionError(f"cannot make {self.arguments[0]} of {self.env.docname}: {error}") from error
        holder = nodes.Element()
        holder.document = self.state.document
        lines = StringList(text.splitlines(), source=f"{GENERATE}:{self.arguments[0]}")
        self.state.nested_parse(lines, self.content_offset, holder, match_titles=True)
        return list(holder.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.add_directive("generated", Generated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
