"""`pyinet doctor`: what this installation can do, and what will stop it."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import click

from pyinet._network.ca_store import find_ca_store
from pyinet._transfer.engine import library_versions
from pyinet.errors import InternetException, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

OLDEST_LIBCURL = (7, 88)
LOW_NOFILE = 256
DESCRIPTORS_A_TRANSFER = 2
"""A socket and the file it is written to."""
DESCRIPTORS_KEPT = 32
"""For the interpreter, the engine and idle connections."""

OPTIONAL = {
    "GSS-API": "GSS-API (Negotiate, Kerberos)",
    "HTTP2": "HTTP/2",
    "HTTP3": "HTTP/3",
    "HTTPS-proxy": "HTTPS proxies",
    "HSTS": "HSTS",
    "NTLM": "NTLM",
    "SSL": "TLS",
    "alt-svc": "Alt-Svc",
}
"""Features of libcurl that some builds lack."""

PROXY_VARIABLES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")


@dataclass
class Findings:
    """What was found. `broken` stops transfers; `warnings` do not."""

    facts: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def examine(libraries: Mapping[str, Any], environ: Mapping[str, str], open_files: tuple[int, int] | None) -> Findings:
    """Judge an installation.

    Args:
        libraries: As `library_versions` returns them.
        environ: The process's environment.
        open_files: Soft and hard limit of open files, -1 for none; None where the system has no such limit.
    """
    found = Findings()
    found.facts = {
        "pyinet": version("pyinet"),
        "python": f"{platform.python_implementation()} {platform.python_version()} ({platform.machine()})",
        **{name: _plain(value) for name, value in libraries.items()},
        "without": [text for name, text in OPTIONAL.items() if name not in libraries["features"]],
        "cpus": os.cpu_count(),
        "ca_store": _ca_store(environ, found),
        "proxies": {name: redact(value) for name, value in sorted(environ.items()) if name.lower() in PROXY_VARIABLES},
        "open_files": _open_files(open_files, found),
    }
    _judge_libcurl(libraries, found)
    return found


def open_file_limits() -> tuple[int, int] | None:
    """Return soft and hard RLIMIT_NOFILE, -1 for "unlimited"; None on Windows."""
    try:
        import resource
    except ModuleNotFoundError:
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft, hard


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for machines.")
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Show versions, certificates, proxies and limits, and what is wrong with them.

    Exit codes: 0 all well, or warnings only; 1 something is broken.
    """
    found = examine(library_versions(), os.environ, open_file_limits())
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        click.echo(as_text(found))
    context.exit(1 if found.broken else 0)


def as_text(found: Findings) -> str:
    """Return the findings for people."""
    lines = []
    for name, value in found.facts.items():
        if isinstance(value, dict):
            text = ", ".join(f"{key} {item}" for key, item in value.items() if item is not None) or "none"
        else:
            text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        lines.append(f"{name.replace('_', ' '):<12} {text}")
    lines += [f"warning: {text}" for text in found.warnings]
    lines += [f"broken: {text}" for text in found.broken]
    if not found.broken and not found.warnings:
        lines.append("all well")
    return "\n".join(lines)


def _ca_store(environ: Mapping[str, str], found: Findings) -> dict[str, str | None] | None:
    try:
        store = find_ca_store(None, environ)
    except InternetException as error:
        found.broken.append(str(error))
        return None
    # Certificates from a directory stand in a private file, which goes at once: no use in naming it.
    facts = {"file": None if store.private else store.file, "source": store.source, "reason": store.reason}
    store.close()
    return facts


def _open_files(limits: tuple[int, int] | None, found: Findings) -> dict[str, int | None] | None:
    if limits is None:
        return None
    soft, hard = (None if limit < 0 else limit for limit in limits)
    if soft is not None and soft < LOW_NOFILE:
        found.warnings.append(f"only {soft} files may be open at once; raise it: ulimit -n 4096")
    room = None if soft is None else max(0, soft - DESCRIPTORS_KEPT) // DESCRIPTORS_A_TRANSFER
    return {"soft": soft, "hard": hard, "in_flight": room}


def _judge_libcurl(libraries: Mapping[str, Any], found: Findings) -> None:
    libcurl = str(libraries["libcurl"])
    if tuple(int(part) for part in libcurl.split(".")[:2]) < OLDEST_LIBCURL:
        oldest = ".".join(map(str, OLDEST_LIBCURL))
        found.broken.append(f"libcurl {libcurl} is too old; pyinet needs {oldest} or newer")
    if "HTTP2" not in libraries["features"]:
        found.warnings.append("this libcurl has no HTTP/2: https transfers use one connection each")


def _plain(value: object) -> object:
    """Return a value JSON can hold."""
    return sorted(map(str, value)) if isinstance(value, (tuple, set, frozenset)) else value
