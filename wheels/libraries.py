"""Builds the pinned libraries once and keeps them in a cache keyed by all that went in.

The folder it prints is what ``PYINET_BUNDLED`` wants: ``include/``, ``lib/``, ``licenses/`` and ``bundled.json``,
which tells setup.py how to compile and link, and the bill of materials what is inside.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import shutil
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import recipes
import toolchain as toolchains
from fetch import WAYS, WrongHashError, fetch
from places import cache_folder
from sources import Source, read_sources
from tools import reenter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sources import Archive
    from toolchain import Toolchain

__all__ = ["build_libraries"]

EXPORTED = "PyInit__native"


def build_libraries(
    toolchain: Toolchain,
    switches: frozenset[str] = frozenset(),
    ways: Sequence[str] = WAYS,
    jobs: int = 0,
) -> Path:
    """Return the folder with the libraries, after building them if no earlier run did.

    Args:
        toolchain: What to build with.
        switches: Optional parts: "http3".
        ways: Where archives may come from.
        jobs: Processes at once; 0 for the number of processors.

    Raises:
        WrongHashError: An archive is not the pinned one.
        LookupError: An archive cannot be had.
        SystemExit: A build failed.
    """
    got = [(source, *fetch(source, ways)) for source in read_sources(switches)]
    key = _key(toolchain, switches, [archive for _, archive, _ in got])
    final = cache_folder() / "libraries" / key
    if not (final / "complete").exists():
        _build(final, toolchain, switches, got, jobs)
    _describe(final, toolchain, switches, [(source, archive) for source, archive, _ in got])
    return final


def _build(
    final: Path,
    toolchain: Toolchain,
    switches: frozenset[str],
    got: list[tuple[Source, Archive, Path]],
    jobs: int,
) -> None:
    shutil.rmtree(final, ignore_errors=True)  # an earlier run was stopped half-way
    final.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="pyinet-libraries-") as scratch, (final / "log").open("w") as log:
        shop = recipes.Workshop(toolchain, final, log, jobs or os.cpu_count() or 1, switches)
        for source, _, path in got:
            begun = time.monotonic()
            folder = _unpack(path, Path(scratch) / source.name)
            recipes.RECIPES[source.name](shop, folder)
            _keep_licences(source, folder, final / "licenses" / source.name)
            shutil.rmtree(folder)
            sys.stderr.write(f"built {source.name} {source.version} in {time.monotonic() - begun:.0f} s\n")
    for unneeded in ("bin", "share", "lib/cmake"):
        shutil.rmtree(final / unneeded, ignore_errors=True)
    (final / "complete").touch()


def _key(toolchain: Toolchain, switches: frozenset[str], archives: list[Archive]) -> str:
    recipe = ast.dump(ast.parse(Path(recipes.__file__).read_text("utf-8")))  # comments do not count
    inputs = {
        "archives": [archive.sha256 for archive in archives],
        "toolchain": [toolchain.identity, toolchain.cflags, toolchain.lto, toolchain.cmake, toolchain.openssl],
        "switches": sorted(switches),
        "recipe": hashlib.sha256(recipe.encode()).hexdigest(),
        "deployment": os.environ.get("MACOSX_DEPLOYMENT_TARGET", ""),
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]


def _unpack(archive: Path, target: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    (folder,) = target.iterdir()
    return folder


def _keep_licences(source: Source, folder: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for text in source.texts:
        shutil.copyfile(folder / text, target / Path(text).name)


def _describe(folder: Path, toolchain: Toolchain, switches: frozenset[str], got: list[tuple[Source, Archive]]) -> None:
    names = [name for name in recipes.LINK_ORDER if _archive(folder, name)]
    libraries = [f"{{folder}}/lib/{_archive(folder, name)}" for name in names]
    description: dict[str, Any] = {
        "toolchain": toolchain.identity,
        "switches": sorted(switches),
        "environment": _environment(toolchain),
        "cflags": ["-I{folder}/include", "-DCURL_STATICLIB", *toolchain.cflags, *toolchain.lto],
        "ldflags": [*libraries, *toolchain.lto, *toolchain.ldflags, *_system_libraries(), *_exports(folder, toolchain)],
        "components": [
            {
                "name": source.name,
                "version": source.version,
                "licence": source.licence,
                "cpe": source.cpe,
                "archive": archive.file,
                "sha256": archive.sha256,
                "url": archive.url or next((item.url for item in source.archives if item.url), ""),
            }
            for source, archive in got
        ],
    }
    partial = folder / f"bundled.json.{os.getpid()}"
    partial.write_text(json.dumps(description, indent=2) + "\n")
    partial.replace(folder / "bundled.json")


def _environment(toolchain: Toolchain) -> dict[str, str]:
    """What setuptools is told: the compiler, and to link without the switches the interpreter was linked with."""
    if toolchain.cc == "cl":
        return {}
    if sys.platform == "darwin":
        return {"CC": toolchain.cc}
    return {"CC": toolchain.cc, "LDSHARED": f"{toolchain.cc} -shared"}


def _archive(folder: Path, name: str) -> str:
    """File name of the static library *name*, "" when this build has none."""
    for file in (f"lib{name}.a", f"{name}.lib", f"lib{name}.lib", f"lib{name}_static.lib"):
        if (folder / "lib" / file).is_file():
            return file
    return ""


def _system_libraries() -> list[str]:
    if sys.platform == "darwin":
        return ["-framework", "CoreFoundation", "-framework", "CoreServices", "-framework", "SystemConfiguration"]
    if sys.platform == "win32":
        return [f"{name}.lib" for name in ("ws2_32", "crypt32", "bcrypt", "advapi32", "iphlpapi", "secur32", "user32")]
    return ["-lpthread"]


def _exports(folder: Path, toolchain: Toolchain) -> list[str]:
    """Linker switches that leave nothing visible but what Python looks up."""
    if toolchain.exports == "version-script":
        (folder / "exports.map").write_text(f"{{ global: {EXPORTED}; local: *; }};\n")
        return ["-Wl,--version-script={folder}/exports.map"]
    if toolchain.exports == "exported-symbol":
        return [f"-Wl,-exported_symbol,_{EXPORTED}"]
    return []


def main() -> int:
    """Command line: build, and print the folder for PYINET_BUNDLED."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--toolchain", default="auto", help="zig, native or auto (default)")
    parser.add_argument("--no-lto", dest="lto", action="store_false")
    parser.add_argument("--with", dest="switches", action="append", default=[], choices=["http3"])
    parser.add_argument("--ways", default=",".join(WAYS), help="where archives may come from; default: %(default)s")
    parser.add_argument("--into-bundled", action="store_true", help="also copy it to where PYINET_BUNDLED says")
    args = parser.parse_args()
    reenter(__file__)
    try:
        tools = toolchains.choose_toolchain(args.toolchain, lto=args.lto)
        folder = build_libraries(tools, frozenset(args.switches), args.ways.split(","))
    except (WrongHashError, LookupError) as error:
        sys.stderr.write(f"libraries: {error}\n")
        return 1
    if args.into_bundled:
        shutil.copytree(folder, os.environ["PYINET_BUNDLED"], dirs_exist_ok=True)
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
