"""Unpacks the servers that the tests talk to into a cache folder and prints where they are; installs nothing.

``python scripts/fetch_servers.py [NAME]`` prints the path of an nginx (or of the server named, see `SERVERS`): the one
on PATH, or the system's packages unpacked under ``${XDG_CACHE_HOME:-~/.cache}/pyinet/servers/``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple


class Server(NamedTuple):
    """Where a server's files come from. Packages have the names of Debian and Ubuntu."""

    name: str
    on_path: tuple[str, ...]
    """Names of an installed program; the first one found is used."""
    packages: tuple[str, ...]
    """Packages to unpack, one after the other until `binary` is there; releases differ."""
    binary: str
    data: tuple[str, ...] = ()
    """Packages of files that the program reads."""
    also: tuple[str, ...] = ()
    """Further programs and modules of these packages; a program is found beside the server, under its own name."""


SERVERS = {
    server.name: server
    for server in (
        Server("nginx", ("nginx",), ("nginx", "nginx-core"), "usr/sbin/nginx"),
        Server(
            "squid", ("squid",), ("squid-openssl", "squid"), "usr/sbin/squid", data=("squid-common", "squid-langpack")
        ),
        Server("httpd", ("apache2", "httpd"), ("apache2-bin",), "usr/sbin/apache2"),
        Server("mod_auth_gssapi", (), ("libapache2-mod-auth-gssapi",), "usr/lib/apache2/modules/mod_auth_gssapi.so"),
        Server(
            "krb5kdc",
            ("krb5kdc",),
            ("krb5-kdc",),
            "usr/sbin/krb5kdc",
            data=("krb5-admin-server", "libverto-libev1"),
            also=("usr/sbin/kdb5_util", "usr/sbin/kadmin.local", "usr/lib/*/libverto-libev.so.1"),
        ),
        Server("microsocks", ("microsocks",), ("microsocks",), "usr/bin/microsocks"),
        Server("danted", ("danted", "sockd"), ("dante-server",), "usr/sbin/danted"),
    )
}
WRAPPER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH=$(echo "$here"/usr/lib/*-linux-gnu "$here"/lib/*-linux-gnu | tr ' ' ':')
export LD_LIBRARY_PATH
exec "$here/{binary}" "$@"
"""


class FetchError(Exception):
    """A server cannot be had; the message says what would help."""


def cache_dir() -> Path:
    """Folder of the unpacked servers."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pyinet" / "servers"


def run(*command: str, cwd: Path | None = None) -> str:
    """Output of *command*; its error text becomes the `FetchError`."""
    done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)
    if done.returncode:
        raise FetchError(f"{' '.join(command)}: {done.stderr.strip() or f'exit code {done.returncode}'}")
    return done.stdout


def download(into: Path, *packages: str) -> list[Path]:
    """Fetch *packages* with apt as the files they come in; nothing is installed."""
    before = set(into.glob("*.deb"))
    try:
        run("apt-get", "download", *packages, cwd=into)
    except FetchError:
        # The lists may be missing or older than the archive; only root can renew them.
        if os.geteuid() != 0:
            raise
        run("apt-get", "update")
        run("apt-get", "download", *packages, cwd=into)
    return sorted(set(into.glob("*.deb")) - before)


def unpack(deb: Path, root: Path) -> None:
    """Lay the files of a package under *root*."""
    run("dpkg-deb", "-x", str(deb), str(root))


def field(deb: Path, name: str) -> str:
    """Value of a control field of a package; empty if it has none."""
    return run("dpkg-deb", "-f", str(deb), name).strip()


def missing_libraries(root: Path, server: Server) -> list[str]:
    """Shared libraries that neither the system nor the unpacked tree has, by the names the linker looks for."""
    folders = [str(path) for lib in ("usr/lib", "lib") for path in (root / lib).glob("*-linux-gnu")]
    environ = {**os.environ, "LD_LIBRARY_PATH": ":".join(folders)}
    binaries = [path for pattern in (server.binary, *server.also) for path in root.glob(pattern)]
    listing = subprocess.run(["ldd", *binaries], check=True, capture_output=True, text=True, env=environ).stdout
    return re.findall(r"^\s*(\S+) => not found", listing, flags=re.MULTILINE)


def provides(package: str, soname: str) -> bool:
    """Whether *package* is named after *soname*, as Debian policy 8.1 has it (``libapr-1.so.0``: ``libapr1``)."""
    stem, _, version = soname.partition(".so")
    plain = re.sub(r"[-_.]", "", package.removesuffix("t64").lower())
    return plain in {re.sub(r"[-_.]", "", name.lower()) for name in (stem, stem + version)}


def unpack_libraries(server: Server, debs: list[Path], work: Path) -> None:
    """Unpack the libraries that the system lacks, and those that they need in turn; never one that it has."""
    depends: set[str] = set()
    fetched: set[str] = set()
    while missing := missing_libraries(work / "root", server):
        for deb in debs:
            depends.update(re.findall(r"\blib[a-z0-9.+-]+", field(deb, "Depends")))
        wanted = {package for package in depends if any(provides(package, soname) for soname in missing)} - fetched
        if not wanted:
            raise FetchError(f"{server.name} needs shared libraries that are not here: {', '.join(missing)}")
        fetched |= wanted
        debs = download(work, *sorted(wanted))
        for deb in debs:
            unpack(deb, work / "root")


def is_program(binary: str) -> bool:
    """Whether it is started, not loaded by another."""
    return ".so" not in Path(binary).suffixes


def unpack_program(server: Server, work: Path) -> Path:
    """Unpack the first package that has the program; return the package."""
    problem = FetchError(f"no package has {server.binary}")
    for package in server.packages:
        try:
            (deb,) = download(work, package)
        except FetchError as error:
            problem = error
            continue
        unpack(deb, work / "root")
        if (work / "root" / server.binary).exists():
            return deb
    raise problem


def unpack_server(server: Server, work: Path) -> str:
    """Unpack *server* under ``work/root`` and return its version."""
    root = work / "root"
    program = unpack_program(server, work)
    data = download(work, *server.data) if server.data else []
    for deb in data:
        unpack(deb, root)
    unpack_libraries(server, [program, *data], work)
    if not is_program(server.binary):
        (root / server.name).symlink_to(server.binary)
    for binary in filter(is_program, (server.binary, *server.also)):
        wrapper = root / (server.name if binary == server.binary else Path(binary).name)
        wrapper.write_text(WRAPPER.format(binary=binary))
        wrapper.chmod(0o755)
    return field(program, "Version").replace(":", "_")


def fetch(server: Server) -> Path:
    """Path of a *server* that can be started; unpacks it first when need be.

    Raises:
        FetchError: There is none and it cannot be fetched.
    """
    for name in server.on_path:
        if found := shutil.which(name):
            return Path(found)
    cache = cache_dir()
    ready = cache.glob(f"{server.name}-*/{server.name}")
    if newest := max(ready, key=lambda path: path.stat().st_mtime, default=None):
        return newest
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise FetchError(f"no {server.name} on PATH, and no apt-get to fetch one with: install {server.name}")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".unpacking-") as work:
        final = cache / f"{server.name}-{unpack_server(server, Path(work))}"
        try:
            (Path(work) / "root").rename(final)  # all or nothing, also when two processes do this at once
        except OSError:
            if not (final / server.name).exists():
                raise
    return final / server.name


def main(arguments: list[str]) -> int:
    """Print the path, or one line saying why there is none."""
    name = arguments[0] if arguments else "nginx"
    if name not in SERVERS or len(arguments) > 1:
        sys.stderr.write(f"usage: fetch_servers.py [{' | '.join(SERVERS)}]\n")
        return 2
    try:
        print(fetch(SERVERS[name]))
    except FetchError as error:
        sys.stderr.write(f"fetch_servers: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
