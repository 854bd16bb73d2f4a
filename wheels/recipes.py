"""How each library is configured and built: static, position-independent, and with what pyinet offers only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from toolchain import Toolchain

__all__ = ["LINK_ORDER", "RECIPES", "Workshop"]

LINK_ORDER = (
    "curl", "nghttp2", "nghttp3", "ngtcp2_crypto_ossl", "ngtcp2", "ssl", "crypto",
    "brotlidec", "brotlicommon", "zstd", "z",
)  # fmt: skip
"""Archives that the extension is linked with; a library stands before those it needs."""

LINK_TIME_OPTIMISED = {"curl", "nghttp2"}
"""Where it was measured to matter; OpenSSL's hot loops are assembler."""


@dataclass(frozen=True)
class Workshop:
    """Where and with what libraries are built.

    Attributes:
        prefix: Everything is installed here, and looked for nowhere else.
        log: Gets the output of every command.
        switches: Optional parts: "http3".
    """

    toolchain: Toolchain
    prefix: Path
    log: TextIO
    jobs: int
    switches: frozenset[str]

    def run(self, command: list[str], folder: Path, extra: Mapping[str, str] | None = None) -> None:
        """Run one step of a build.

        Raises:
            SystemExit: It failed; the end of the log says why.
        """
        self.log.write(f"\n$ {' '.join(command)}\n")
        self.log.flush()
        env = {
            **{name: value for name, value in os.environ.items() if name not in {"CFLAGS", "LDFLAGS", "CPPFLAGS"}},
            "PKG_CONFIG_LIBDIR": str(self.prefix / "lib" / "pkgconfig"),
            **(extra or {}),
        }
        if subprocess.run(command, cwd=folder, check=False, stdout=self.log, stderr=self.log, env=env).returncode:
            self.log.flush()
            tail = "\n".join(Path(self.log.name).read_text("utf-8", "replace").splitlines()[-30:])
            raise SystemExit(f"{tail}\nfailed: {' '.join(command)}\nthe whole log: {self.log.name}")

    def cmake(self, name: str, source: Path, *options: str, install: bool = True) -> Path:
        """Configure, build and install a project of CMake, return where; *options* without their ``-D``."""
        tools = self.toolchain
        flags = [*tools.cflags, *(tools.lto if name in LINK_TIME_OPTIMISED else ())]
        programs = {} if tools.cc == "cl" else {"AR": tools.ar, "RANLIB": tools.ranlib}
        build = source / "pyinet-build"
        settings = [
            "CMAKE_BUILD_TYPE=None",
            f"CMAKE_C_COMPILER={tools.cc}",
            f"CMAKE_CXX_COMPILER={tools.cxx}",
            *(f"CMAKE_{tool}={shutil.which(path) or path}" for tool, path in programs.items()),
            f"CMAKE_C_FLAGS={' '.join(flags)}",
            f"CMAKE_INSTALL_PREFIX={self.prefix}",
            "CMAKE_INSTALL_LIBDIR=lib",
            f"CMAKE_PREFIX_PATH={self.prefix}",
            f"CMAKE_FIND_ROOT_PATH={self.prefix}",
            "CMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY",
            "CMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY",
            "CMAKE_POSITION_INDEPENDENT_CODE=ON",
            "BUILD_SHARED_LIBS=OFF",
            "BUILD_TESTING=OFF",
            *tools.cmake,
            *options,
        ]
        self.run(
            ["cmake", "-G", "Ninja", "-S", str(source), "-B", str(build), *(f"-D{item}" for item in settings)], source
        )
        self.run(["cmake", "--build", str(build), "-j", str(self.jobs)], source)
        if install:
            self.run(["cmake", "--install", str(build)], source)
        return build


def zlib(shop: Workshop, source: Path) -> None:
    """Decoder of gzip and deflate, for libcurl's handshake of codings and pyinet's own decoding."""
    contrib = source / "contrib" / "CMakeLists.txt"  # asked for even when nothing of it is; Debian leaves it out
    if not contrib.exists():
        contrib.parent.mkdir(exist_ok=True)
        contrib.touch()
    build = shop.cmake("zlib", source, "ZLIB_BUILD_SHARED=OFF", "ZLIB_BUILD_TESTING=OFF", install=False)
    for folder, files in {  # its own installation wants documents that Debian leaves out, too
        "include": [source / "zlib.h", *build.glob("zconf.h"), *source.glob("zconf.h")][:2],
        "lib": [*build.glob("*z*.a"), *build.glob("*z*.lib")],
    }.items():
        (shop.prefix / folder).mkdir(exist_ok=True)
        for file in files:
            shutil.copy(file, shop.prefix / folder)


def openssl(shop: Workshop, source: Path) -> None:
    """TLS 1.0 to 1.3 with what web and FTP servers use; no modules, so nothing is loaded at run time."""
    without = [
        "shared",
        "module",
        "tests",
        "docs",
        "apps",
        "legacy",
        "engine",
        "dso",
        "comp",
        "ssl3",
        "ssl3-method",
        "idea",
        "mdc2",
        "rc5",
        "seed",
        "camellia",
        "aria",
        "bf",
        "cast",
        "rc2",
        "rmd160",
        "whirlpool",
        "srp",
        "gost",
        "sm2",
        "sm3",
        "sm4",
        "cmp",
        "cms",
        "ts",
        "ct",
        "dtls",
        "sctp",
        "srtp",
        "ui-console",
    ]
    if "http3" not in shop.switches:
        without.append("quic")
    tools = shop.toolchain
    windows = tools.cc == "cl"
    flags = [] if windows else list(tools.cflags)
    tools_env = {} if windows else {"CC": tools.cc, "CXX": tools.cxx, "AR": tools.ar, "RANLIB": tools.ranlib}
    shop.run(
        [
            "perl", "./Configure", tools.openssl, "--release", "--libdir=lib", f"--prefix={shop.prefix}",
            "--openssldir=/etc/ssl", *(f"no-{name}" for name in without), *flags,
        ],
        source,
        tools_env,
    )  # fmt: skip
    make = ["nmake"] if windows else ["make", f"-j{shop.jobs}"]
    shop.run([*make, "build_libs"], source)
    shop.run([make[0], "install_dev"], source)


def nghttp2(shop: Workshop, source: Path) -> None:
    """HTTP/2 framing."""
    shop.cmake("nghttp2", source, "ENABLE_LIB_ONLY=ON", "ENABLE_DOC=OFF", "BUILD_STATIC_LIBS=ON")


def brotli(shop: Workshop, source: Path) -> None:
    """Decoder of br; the encoder is built too, as the project knows no switch against it, and never linked."""
    shop.cmake("brotli", source, "BROTLI_BUILD_TOOLS=OFF")


def zstd(shop: Workshop, source: Path) -> None:
    """Decoder of zstd."""
    off = ["SHARED", "PROGRAMS", "TESTS", "CONTRIB", "COMPRESSION", "DICTBUILDER"]
    shop.cmake(
        "zstd",
        source / "build" / "cmake",
        *(f"ZSTD_BUILD_{name}=OFF" for name in off),
        "ZSTD_LEGACY_SUPPORT=OFF",
        "ZSTD_MULTITHREAD_SUPPORT=OFF",
    )


def nghttp3(shop: Workshop, source: Path) -> None:
    """HTTP/3 framing."""
    shop.cmake("nghttp3", source, "ENABLE_LIB_ONLY=ON", "ENABLE_SHARED_LIB=OFF", "ENABLE_STATIC_LIB=ON")


def ngtcp2(shop: Workshop, source: Path) -> None:
    """QUIC."""
    shop.cmake(
        "ngtcp2", source, "ENABLE_LIB_ONLY=ON", "ENABLE_SHARED_LIB=OFF", "ENABLE_STATIC_LIB=ON", "ENABLE_OPENSSL=ON"
    )


def curl(shop: Workshop, source: Path) -> None:
    """The protocols, proxies and authentications of pyinet.

    Not there: GSS-API, so neither Negotiate nor Kerberos; LDAP, mail and file sharing protocols; local files,
    which pyinet reads itself; names in other scripts and public suffixes, which are Python's task; curl's own
    store of response headers, since pyinet collects them itself and the store costs a tenth of a request.
    """
    protocols = [
        "DICT",
        "FILE",
        "IMAP",
        "IPFS",
        "LDAP",
        "LDAPS",
        "MQTT",
        "POP3",
        "RTSP",
        "SMB",
        "SMTP",
        "TELNET",
        "TFTP",
        "WEBSOCKETS",
    ]
    parts = ["AWS", "BEARER_AUTH", "DOH", "FORM_API", "HEADERS_API", "KERBEROS_AUTH", "MIME", "NEGOTIATE_AUTH", "NETRC"]
    http3 = "ON" if "http3" in shop.switches else "OFF"
    shop.cmake(
        "curl",
        source,
        "BUILD_CURL_EXE=OFF",
        "BUILD_STATIC_LIBS=ON",
        "BUILD_LIBCURL_DOCS=OFF",
        "BUILD_MISC_DOCS=OFF",
        "BUILD_EXAMPLES=OFF",
        "ENABLE_CURL_MANUAL=OFF",
        "CURL_USE_OPENSSL=ON",
        "OPENSSL_USE_STATIC_LIBS=TRUE",
        f"OPENSSL_ROOT_DIR={shop.prefix}",
        "USE_NGHTTP2=ON",
        f"USE_NGTCP2={http3}",
        "CURL_ZLIB=ON",
        "CURL_BROTLI=ON",
        "CURL_ZSTD=ON",
        "ENABLE_IPV6=ON",
        "ENABLE_ARES=OFF",
        "ENABLE_THREADED_RESOLVER=ON",
        "CURL_ENABLE_NTLM=ON",
        "CURL_USE_GSSAPI=OFF",
        "CURL_USE_LIBPSL=OFF",
        "CURL_USE_LIBSSH2=OFF",
        "USE_LIBIDN2=OFF",
        "ENABLE_UNIX_SOCKETS=OFF",
        "CURL_CA_BUNDLE=none",
        "CURL_CA_PATH=none",
        "CURL_CA_FALLBACK=OFF",
        "CURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG=ON",
        *(f"CURL_DISABLE_{name}=ON" for name in (*protocols, *parts)),
        *(["CURL_STATIC_CRT=ON"] if sys.platform == "win32" else []),
    )


RECIPES: dict[str, Callable[[Workshop, Path], None]] = {
    "zlib": zlib,
    "openssl": openssl,
    "nghttp2": nghttp2,
    "brotli": brotli,
    "zstd": zstd,
    "nghttp3": nghttp3,
    "ngtcp2": ngtcp2,
    "curl": curl,
}
