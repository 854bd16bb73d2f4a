"""The command `pyinet` and its subcommands."""

from __future__ import annotations

from importlib.metadata import version

import click

from pyinet import InternetSession
from pyinet.cli.doctor import doctor
from pyinet.cli.get import get


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(version("pyinet"), prog_name="pyinet")
@click.pass_context
def cli(context: click.Context) -> None:
    r"""Fetch many files at once, over libcurl on native threads.

    \b
      pyinet get https://example.org/a.tar.gz https://example.org/b.tar.gz
      pyinet get --manifest files.csv -o mirror
      pyinet doctor
    """
    if context.obj is None:
        context.obj = InternetSession


cli.add_command(get)
cli.add_command(doctor)
