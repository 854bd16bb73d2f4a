"""Entry of the `pyinet` command; says how to get the extra packages when they are missing."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line.

    Returns:
        2 when the packages of the `cli` extra are missing. Otherwise the command itself exits.
    """
    try:
        import click  # noqa: F401 - the library alone must work without the extra
        import rich  # noqa: F401
    except ModuleNotFoundError as error:
        print(f"pyinet: the command line needs {error.name}: pip install 'pyinet[cli]'", file=sys.stderr)  # noqa: T201
        return 2
    from pyinet.cli.main import cli

    cli(prog_name="pyinet")
    return 0


if __name__ == "__main__":
    sys.exit(main())
