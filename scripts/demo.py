"""Mirror the standard library of this Python with `pyinet get`, and compare every file.

    python scripts/demo.py                 over 1,000 files from a server started here, compared byte for byte
    python scripts/demo.py --urls FILE     your own manifest instead; nothing to compare it with

The transfers are made by the real command line in a child process. `--corrupt-one`, not shown in the help, is
for the test of this script: it damages one arrived file, so that the comparison must fail.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    import resource
    from collections.abc import Collection, Iterator

ENOUGH = 1000
LEFT_OUT = {"__pycache__", "site-packages", "dist-packages"}
SHOWN = 20
"""Differences named one by one; the rest is counted."""

Trees = dict[str, Path]
"""Directories by the name they are served under."""


@dataclass(frozen=True)
class Run:
    """How the child process went."""

    exit_code: int
    seconds: float
    usage: resource.struct_rusage


def main() -> int:
    """Run the demo and return its exit code: 0 only if every file arrived as it is at its source."""
    options = parsed()
    scratch = Path(tempfile.mkdtemp(prefix="pyinet-demo-"))
    output = options.keep or scratch / "mirror"
    try:
        if options.urls:
            run = fetch(options.urls, output)
            report(run, regular_files({"": output}))
            return run.exit_code
        return mirror(scratch / "files.jsonl", output, corrupt=options.corrupt_one)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--urls", metavar="FILE", type=Path, help="a manifest of your own (see: pyinet get --help)")
    parser.add_argument("--keep", metavar="DIR", type=Path, help="mirror into DIR and leave it there")
    parser.add_argument("--corrupt-one", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def mirror(manifest: Path, output: Path, *, corrupt: bool) -> int:
    """Mirror the library from a server of its own and compare."""
    trees = library()
    sources = regular_files(trees, LEFT_OUT)
    if len(sources) <= ENOUGH:
        print(
            f"demo: only {len(sources)} library files here, {ENOUGH + 1} are needed",
            file=sys.stderr,
        )
        return 1
    if output.exists() and any(output.iterdir()):
        print(f"demo: {output} is not empty: its files would count as differences", file=sys.stderr)
        return 2
    print(f"mirroring {len(sources)} files of {', '.join(map(str, trees.values()))}", flush=True)
    with serving(trees) as port:
        base = f"http://127.0.0.1:{port}/"
        rows = (json.dumps({"url": base + quote(name), "path": name}) + "\n" for name in sources)
        manifest.write_text("".join(rows), encoding="utf-8")
        run = fetch(manifest, output)
    if run.exit_code not in {0, 1}:  # interrupted, or not run at all: there is no mirror to compare
        return run.exit_code
    if corrupt:
        damage(output / min(sources))
    arrived = regular_files({"": output})
    report(run, arrived)
    problems = differences(sources, arrived)
    for line in problems[:SHOWN]:
        print(line, file=sys.stderr)
    if problems:
        print(f"demo: {len(problems)} of {len(sources)} files are not as at their source", file=sys.stderr)
        return 1
    print(f"compared: all {len(sources)} files are the same, byte for byte")
    return run.exit_code


def library() -> Trees:
    """Return directories to mirror by name: the standard library, with installed packages where it is small.

    Debian splits the standard library over packages, so that fewer than 1,000 files of it may be there.
    """
    trees = {"stdlib": Path(sysconfig.get_path("stdlib"))}
    if len(regular_files(trees, LEFT_OUT)) <= ENOUGH:
        trees["packages"] = Path(sysconfig.get_path("purelib"))
    return trees


def regular_files(trees: Trees, left_out: Collection[str] = ()) -> dict[str, Path]:
    """Return all regular files by name ("tree/folder/file"), without folders called as in `left_out`."""
    return {
        "/".join([name, *path.relative_to(root).parts]).lstrip("/"): path
        for name, root in trees.items()
        for path in walked(root, left_out)
    }


def walked(root: Path, left_out: Collection[str]) -> Iterator[Path]:
    """Yield the regular files below a directory; symbolic links are neither followed nor counted."""
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in left_out]
        for name in files:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path


@contextmanager
def serving(trees: Trees) -> Iterator[int]:
    """Run the demo server in a process of its own; yields its port."""
    script = Path(__file__).with_name("demo_server.py")
    command = [sys.executable, str(script), *(f"{name}={root}" for name, root in trees.items())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101 - it is a pipe, as asked for
        yield int(server.stdout.readline())
        # Leaving the block closes its standard input, at which it stops, and waits for it.


def fetch(manifest: Path, output: Path) -> Run:
    """Run `pyinet get` on the terminal of this process."""
    command = [sys.executable, "-m", "pyinet", "get", "--manifest", str(manifest), "-o", str(output)]
    # The server is on this machine: a proxy of the environment could not reach it.
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    started = time.perf_counter()
    child = subprocess.Popen(command, env=environ)
    while True:
        try:
            _, status, usage = os.wait4(child.pid, 0)
            break
        except KeyboardInterrupt:  # the child has it too, and stops in its own way
            continue
    child.returncode = os.waitstatus_to_exitcode(status)
    return Run(child.returncode, time.perf_counter() - started, usage)


def report(run: Run, arrived: dict[str, Path]) -> None:
    """Print what arrived and what it took; seconds count from the start of the command to its exit."""
    size = sum(path.stat().st_size for path in arrived.values())
    peak = run.usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)  # Linux counts in KiB
    print(
        f"{len(arrived)} files, {size} bytes in {run.seconds:.2f} s: "
        f"{len(arrived) / run.seconds:.0f} transfers/s, {size / run.seconds / 1e6:.1f} MB/s\n"
        f"CPU {run.usage.ru_utime:.2f} s user + {run.usage.ru_stime:.2f} s system, "
        f"peak memory {peak / 1e6:.1f} MB"
    )


def damage(path: Path) -> None:
    """Change a file so that only its content tells."""
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:] if content else b"\0")


def differences(sources: dict[str, Path], arrived: dict[str, Path]) -> list[str]:
    """Return a line for each file that is missing, differs, or should not be there."""
    lines = [f"missing: {name}" for name in sorted(sources.keys() - arrived.keys())]
    lines += [f"unexpected: {name}" for name in sorted(arrived.keys() - sources.keys())]
    lines += [
        f"differs: {name}"
        for name in sorted(sources.keys() & arrived.keys())
        if not filecmp.cmp(sources[name], arrived[name], shallow=False)
    ]
    return lines


if __name__ == "__main__":
    sys.exit(main())
