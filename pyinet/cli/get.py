"""`pyinet get`: URLs and manifests into files."""

from __future__ import annotations

from contextlib import ExitStack
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyinet.cli import manifest
from pyinet.cli.job import EXIT_INTERRUPTED, Job, run
from pyinet.cli.options import header, resolve, size

if TYPE_CHECKING:
    from collections.abc import Iterator

HELP = """Fetch URLs, or the rows of a manifest, into files below a directory.

\b
Examples:
  pyinet get https://example.org/a.zip https://example.org/b.zip
  pyinet get --manifest files.txt -o mirror --in-flight 200 --per-host 8
  zcat urls.gz | pyinet get --manifest - --format lines -o mirror -q

\b
Manifests (UTF-8, read row by row, so they may be of any length):
  lines   URL [PATH]; PATH is the rest of the line; "#" starts a comment line
  csv     a header line with the columns url and, if wanted, path; others are ignored
  jsonl   {"url": "...", "path": "..."} a line; path may be missing
A line that cannot be read is one failed row, reported as FILE:LINE.

\b
Names below the output directory:
  with PATH     PATH, which must be relative and stay inside, symbolic links counted
  without PATH  host[_port]/path of the URL, percent-decoded; a trailing slash gives
                index.html; "?query" becomes "@query"; what Windows or macOS cannot
                store is written %XX; a segment over 255 bytes ends in a hash

Two rows must not have the same name, upper and lower case being the same: a mirror can be copied anywhere.
The second one fails before anything is sent for it; with --collisions number it becomes name.1.ext, the third
name.2.ext, in the order of the rows. This takes about 100 bytes of memory a row; nothing
else is held for rows that are not in flight.

A file appears under its name when it has arrived whole and the status is 2xx, until then it has a temporary
name. Each row that fails gives one line on standard error; the others go on.

\b
Exit codes:
  0    all files arrived
  1    some row failed
  2    bad options, unreadable manifest, nothing to do
  130  interrupted (Ctrl-C); files that had arrived stay, none is half-written
"""


@click.command(help=HELP, short_help="Fetch URLs or a manifest into files.")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Directory for the files.",
)
@click.option("--manifest", "manifest_name", metavar="FILE", help='Rows to fetch; "-" is standard input.')
@click.option(
    "--format",
    "form",
    type=click.Choice(["auto", "lines", "csv", "jsonl"]),
    default="auto",
    show_default=True,
    help="Form of the manifest; auto goes by .csv, .jsonl, .ndjson, else lines.",
)
@click.option("--in-flight", type=click.IntRange(1), default=64, show_default=True, help="Transfers at once.")
@click.option("--per-host", type=click.IntRange(1), help="The same for one host.  [default: --in-flight]")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds a row may take in all.")
@click.option("--max-size", type=size, metavar="BYTES", help="Largest body, decoded; k, M, G are powers of 1024.")
@click.option("--ca", metavar="FILE", type=click.Path(exists=True), help="PEM file of trusted certificates.")
@click.option("--proxy", metavar="TEXT", help='"host:port", or "http=host:port https=host:port".')
@click.option(
    "--resolve",
    "addresses",
    metavar="HOST[:PORT]=ADDR",
    multiple=True,
    type=resolve,
    help='Address to use instead of DNS; HOST may be "*". Repeatable.',
)
@click.option(
    "--header",
    "headers",
    metavar='"NAME: VALUE"',
    multiple=True,
    type=header,
    help="Header sent with every request. Repeatable.",
)
@click.option("--user-agent", default=f"pyinet/{version('pyinet')}", show_default=True)
@click.option(
    "--collisions",
    type=click.Choice(["refuse", "number"]),
    default="refuse",
    show_default=True,
    help="When two rows have the same name.",
)
@click.option(
    "--existing",
    type=click.Choice(["overwrite", "refuse"]),
    default="overwrite",
    show_default=True,
    help="When a file of that name is there from before.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print failed rows only.")
@click.option("--no-progress", is_flag=True, help="No progress; failed rows and the last line stay.")
@click.pass_context
def get(
    context: click.Context,
    /,
    urls: tuple[str, ...],
    manifest_name: str | None,
    form: str,
    **options: Any,  # noqa: ANN401 - click makes them: one for each field of Job
) -> None:
    """Run the command; `context.obj` makes the session."""
    if not urls and manifest_name is None:
        raise click.UsageError("nothing to do: give URLs or --manifest FILE", context)
    try:
        with ExitStack() as stack:
            listed = _manifest_rows(stack, manifest_name, form) if manifest_name is not None else ()
            code = run(Job(**options), chain(map(manifest.Row, urls), listed), context.obj)
    except KeyboardInterrupt:  # before the first row, or a second one while the first was being obeyed
        code = EXIT_INTERRUPTED
    context.exit(code)


def _manifest_rows(stack: ExitStack, name: str, form: str) -> Iterator[manifest.Row | manifest.BadRow]:
    try:
        stream = stack.enter_context(manifest.opened(name))
        return manifest.rows(stream, name, manifest.format_of(name) if form == "auto" else form)
    except OSError as error:
        raise click.UsageError(f"cannot read the manifest {name}: {error.strerror}") from error
    except manifest.ManifestError as error:
        raise click.UsageError(str(error)) from error
