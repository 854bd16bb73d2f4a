"""Takes the profile anew that the zig toolchain optimises by: instrumented build, training, ``profile.profdata``.

To be run after a move to another curl, nghttp2 or zig; an old profile does no harm, it only helps less. zig carries
no profiling runtime, so that of a clang of the system is linked (Debian: libclang-rt-19-dev and llvm-19).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from places import cache_folder
from tools import reenter

from wheel import build, project_copy

RUNTIMES = "lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.profile-x86_64.a"
TOOLS = ("trustme>=1.1", "cryptography>=42")
HERE = Path(__file__).resolve().parent


def main() -> int:
    """Command line of this file."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    reenter(__file__)

    from libraries import build_libraries
    from toolchain import PROFILE, PROFILE_NAMES, choose_toolchain

    runtimes = sorted(Path("/usr").glob(RUNTIMES))
    # Of the same clang as the runtime: others do not read what it wrote. runtime: llvm-N/lib/clang/N/lib/linux/*.a
    merger = runtimes[-1].parents[5] / "bin" / "llvm-profdata" if runtimes else Path()
    if not merger.is_file():
        sys.stderr.write("make_profile: install libclang-rt-19-dev and llvm-19\n")
        return 1
    raw = cache_folder() / "profiles" / "raw"
    shutil.rmtree(raw, ignore_errors=True)
    runtime = str(runtimes[-1])
    zig = choose_toolchain("zig", lto=True)
    counting = replace(
        zig,
        lto=("-flto=full", f"-fprofile-generate={raw}", *PROFILE_NAMES),
        ldflags=("-s", runtime, "-Wl,-u,__llvm_profile_runtime"),
        cmake=(f"CMAKE_EXE_LINKER_FLAGS={runtime}",),  # the trial programs of a configuration
    )
    bundled = build_libraries(counting)
    with tempfile.TemporaryDirectory(prefix="pyinet-profile-") as scratch:
        project, out, venv = (Path(scratch, name) for name in ("project", "out", "venv"))
        project.mkdir()
        out.mkdir()
        project_copy(project)
        wheel = build(project, bundled, out)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        python = str(venv / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "-qq", str(wheel), *TOOLS], check=True)
        subprocess.run([python, str(HERE / "training.py")], check=True, cwd=scratch)
    found = [str(path) for path in raw.glob("*.profraw")]
    subprocess.run([merger, "merge", "--sparse", "-o", str(PROFILE), *found], check=True)
    print(f"{PROFILE}: {PROFILE.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
