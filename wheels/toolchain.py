"""The compiler, its switches, and how each kind of build is told about them.

Two toolchains: ``zig`` (clang, lld and the stubs of any glibc in one Python package: a wheel for old systems from a
new one) and ``native`` (the compiler of this machine or container, which decides how old a system may be).
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from places import cache_folder

__all__ = ["GLIBC", "PROFILE", "PROFILE_NAMES", "Toolchain", "choose_toolchain"]

PROFILE = Path(__file__).with_name("profile.profdata")
PROFILE_NAMES = ("-mllvm", "-static-func-full-module-prefix=false")
"""The folder a source was unpacked in is no part of the names in the profile."""

GLIBC = "2.28"
"""Oldest glibc that wheels made with zig run on: Debian 10, RHEL 8, Ubuntu 18.10."""

COMMON = ("-O2", "-fPIC", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections", "-g0")
MACHINES = {"arm64": "aarch64", "amd64": "x86_64"}


@dataclass(frozen=True)
class Toolchain:
    """What compiles, archives and links.

    Attributes:
        name: "zig" or "native".
        cc, cxx, ar, ranlib: Commands of one word each.
        cflags: For every C file.
        lto: For those libraries and that extension which are optimised as one program; empty for none.
        ldflags: For the extension.
        exports: Form of the list of exported symbols: "version-script", "exported-symbol" or "" for none.
        openssl: OpenSSL's name of the target.
        identity: Tells two compilers apart.
    """

    name: str
    cc: str
    cxx: str
    ar: str
    ranlib: str
    openssl: str
    identity: str
    cflags: tuple[str, ...] = COMMON
    lto: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    exports: str = "version-script"
    cmake: tuple[str, ...] = field(default=())


def machine() -> str:
    """The processor, as Linux names it."""
    name = platform.machine().lower()
    return MACHINES.get(name, name)


def choose_toolchain(name: str, *, lto: bool) -> Toolchain:
    """Return the toolchain *name*; "auto" is zig on glibc outside of a manylinux container, else native.

    Args:
        name: "zig", "native" or "auto".
        lto: Whether to use link-time optimisation where there is some.

    Raises:
        LookupError: There is no such toolchain, or it is not installed.
    """
    if name == "auto":
        glibc = platform.libc_ver()[0] == "glibc"
        name = "zig" if glibc and "AUDITWHEEL_PLAT" not in os.environ else "native"
    if name == "zig":
        return _zig(lto=lto)
    if name == "native":
        return _windows() if sys.platform == "win32" else _native(lto=lto)
    raise LookupError(f"no toolchain {name!r}: zig, native or auto")


def _zig(*, lto: bool) -> Toolchain:
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise LookupError("zig is not installed: pip install ziglang, or --toolchain native")
    zig = Path(spec.origin).with_name("zig")
    target = f"{machine()}-linux-gnu.{GLIBC}"
    wrappers = cache_folder() / "zig-commands"  # commands of one word
    wrappers.mkdir(parents=True, exist_ok=True)
    for command, words in {
        "cc": f"cc -target {target}",
        "c++": f"c++ -target {target}",
        "ar": "ar",
        "ranlib": "ranlib",
    }.items():
        wrapper = wrappers / command
        wrapper.write_text(f'#!/bin/sh\nexec "{zig}" {words} "$@"\n')
        wrapper.chmod(0o755)
    return Toolchain(
        name="zig",
        cc=str(wrappers / "cc"),
        cxx=str(wrappers / "c++"),
        ar=str(wrappers / "ar"),
        ranlib=str(wrappers / "ranlib"),
        openssl=f"linux-{machine()}",
        identity=f"zig {_answer(str(zig), 'version')} {target}",
        cflags=(*COMMON, "-fno-sanitize=all"),
        lto=("-flto=full", *_profile()) if lto else (),
        ldflags=("-s", "-Wl,--gc-sections"),  # lld hides by the version script; it refuses --exclude-libs
    )


def _profile() -> tuple[str, ...]:
    """Switches that let the compiler know which paths are taken (make_profile.py), from a copy named by its hash."""
    if machine() != "x86_64" or not PROFILE.is_file():
        return ()
    data = PROFILE.read_bytes()
    copy = cache_folder() / "profiles" / hashlib.sha256(data).hexdigest()[:16]
    if not copy.is_file():
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(data)
    # What changed since the training is compiled without it; that is no news.
    quiet = ("unprofiled", "out-of-date")
    return (f"-fprofile-use={copy}", *PROFILE_NAMES, *(f"-Wno-profile-instr-{name}" for name in quiet))


def _native(*, lto: bool) -> Toolchain:
    cc = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
    if not cc:
        raise LookupError("no C compiler: install gcc or clang")
    identity = _answer(cc, "--version").partition("\n")[0]
    gcc = "clang" not in identity
    darwin = sys.platform == "darwin"
    prefix = "gcc-" if gcc and shutil.which("gcc-ar") else "" if darwin else "llvm-" if shutil.which("llvm-ar") else ""
    if darwin:
        openssl = f"darwin64-{'arm64' if machine() == 'aarch64' else 'x86_64'}-cc"
        ldflags: tuple[str, ...] = ("-Wl,-dead_strip", "-Wl,-x")
    else:
        openssl = f"linux-{machine()}"
        ldflags = ("-s", "-Wl,--gc-sections", "-Wl,--exclude-libs,ALL", "-Wl,-z,relro", "-Wl,-z,now")
    return Toolchain(
        name="native",
        cc=cc,
        cxx=os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++") or "c++",
        ar=f"{prefix}ar",
        ranlib=f"{prefix}ranlib",
        openssl=openssl,
        identity=f"{identity} {machine()} {sys.platform} {os.environ.get('AUDITWHEEL_PLAT', '')}",
        lto=(("-flto=auto", "-fno-fat-lto-objects") if gcc else ("-flto=full",)) if lto else (),
        ldflags=ldflags,
        exports="exported-symbol" if darwin else "version-script",
    )


def _windows() -> Toolchain:
    return Toolchain(
        name="native",
        cc="cl",
        cxx="cl",
        ar="lib",
        ranlib="",
        openssl="VC-WIN64-ARM" if machine() == "aarch64" else "VC-WIN64A",
        identity=f"msvc {os.environ.get('VCToolsVersion', '')} {machine()}",  # noqa: SIM112 - Windows' own spelling
        cflags=("/O2", "/MT"),
        exports="",
    )


def _answer(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
