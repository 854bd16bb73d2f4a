"""Squid, a forward proxy, as a child process on a port of its own; and what every such child has in common."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from servers.nginx import FETCH, PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self

# Squid and Apache httpd refuse to be root. This user may still read and write our folders, which are only for us.
NOBODY = 65534
INSTEAD_OF_ROOT = [
    *("--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"),
    *("--inh-caps", "-all,+dac_override", "--ambient-caps", "-all,+dac_override"),
]

REALM = "pyinet tests"
HELPER_FOLDERS = ("/usr/lib/squid", "/usr/lib64/squid", "/usr/local/libexec/squid")
"""Where an installed Squid has its programs for authentication."""

CONFIG = """
http_port 127.0.0.1:{port}
{tls}
visible_hostname proxy-{port}
cache_effective_user root
pid_filename none
coredump_dir none
cache_log ./cache.log
cache_store_log none
logformat tests %>p %rm %ru %>Hs %un
acl probe method {probe}
access_log stdio:./access.log logformat=tests !probe
strip_query_terms off
cache deny all
cache_mem 0
memory_cache_shared off
memory_pools off
max_filedescriptors 4096
pinger_enable off
shutdown_lifetime 0 seconds
connect_timeout 10 seconds
dns_nameservers 127.0.0.1
dns_timeout 1 second
dns_retransmit_interval 1 second
{unpacked}
{extra}
http_access deny probe
{access}
http_access deny all
"""

UNPACKED = """
mime_table share/squid/mime.conf
icon_directory share/squid/icons
error_directory share/squid-langpack/en
unlinkd_program /bin/sh
"""
"""Where an unpacked Squid finds what it looks for in /usr; with no cache on disk it never runs unlinkd."""

BASIC = f"""
auth_param basic program /bin/sh ./authenticate
auth_param basic children 1 startup=1 idle=1 concurrency=0
auth_param basic realm {REALM}
"""
DIGEST = f"""
auth_param digest program helpers/digest_file_auth -c ./digest.users
auth_param digest children 1 startup=1 idle=1 concurrency=0
auth_param digest realm {REALM}
"""
NTLM = """
auth_param ntlm program helpers/ntlm_fake_auth -S
auth_param ntlm children 4 startup=1 idle=1 concurrency=0
auth_param ntlm keep_alive on
"""
"""Squid's helper for tests: it goes through the three messages and takes any password."""
SCHEMES = {"basic": BASIC, "digest": DIGEST, "ntlm": NTLM}

AUTHENTICATE = """
import json, sys
from urllib.parse import unquote_to_bytes
with open("users.json", "rb") as file:
    known = {(user.encode(), password.encode()) for user, password in json.load(file).items()}
for line in sys.stdin.buffer:
    user, _, password = line.rstrip(b"\\r\\n").partition(b" ")
    print("OK" if (unquote_to_bytes(user), unquote_to_bytes(password)) in known else "ERR", flush=True)
"""
"""Squid's basic authentication helper: a line with user and password, both escaped as in a URL, for each answer."""


def fetched(name: str) -> Path:
    """Where ``fetch_servers.py`` has the program or module of that name."""
    done = subprocess.run([sys.executable, FETCH, name], check=True, stdout=subprocess.PIPE, text=True)
    return Path(done.stdout.strip())


class Daemon:
    """Context manager: a server's program, unpacked if need be, as a child process on a loopback port.

    A subclass says how it is configured and asked; `folder` is its working directory.
    """

    name: ClassVar[str]
    """What ``fetch_servers.py`` calls it."""
    error_log: ClassVar[str]
    alarming: ClassVar[str]
    """Pattern of what must not be in its output when a test ends well."""
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    access_log: ClassVar[str] = "access.log"
    may_be_root: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._held = contextlib.ExitStack()
        self._environ = {"PATH": os.defpath}
        self.port = 0

    def _free_port(self) -> int:
        """A port that nobody else is given until the server has started."""
        # Bound but not listening; a server that sets SO_REUSEADDR, too, may listen on it.
        holder = self._held.enter_context(socket.socket())
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        return port

    def _prepare(self, program: Path) -> list[str]:
        """Write the configuration for `port`; return the command that serves in the foreground."""
        raise NotImplementedError

    def _probe(self) -> None:
        """Have one request answered that is not logged, or raise an OSError."""
        raise NotImplementedError

    @property
    def pid(self) -> int:
        """Process id; children it may have are its own."""
        assert self._process
        return self._process.pid

    def log_lines(self, at_least: int = 0, *, containing: str = "") -> list[str]:
        """Lines of the access log so far, oldest first.

        Args:
            at_least: How many to wait for. A request is logged when it has ended, which its client may see first.
            containing: Leaves out lines without this text.

        Raises:
            AssertionError: There are still fewer lines after `PATIENCE` seconds.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            self._probe()  # a server that answers this has had its turn since the client's last act
            log = self._folder / self.access_log
            written = log.read_text("latin-1").splitlines() if log.exists() else []
            lines = [line for line in written if containing in line]
            if len(lines) >= at_least:
                return lines
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} logged {len(lines)} requests, not {at_least}: {written}")

    def __enter__(self) -> Self:
        program = fetched(self.name)
        with self._held:
            self.port = self._free_port()
            command = self._prepare(program)
            # setpriv (util-linux): ends with us even when the time limit of a test ends the run at once.
            privileges = [*([] if os.geteuid() or self.may_be_root else INSTEAD_OF_ROOT), "--pdeathsig", "TERM"]
            with (self._folder / "stderr").open("wb") as stderr:
                self._process = subprocess.Popen(
                    ["setpriv", *privileges, *command],
                    cwd=self._folder,
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    stdout=stderr,
                    stderr=stderr,
                )
            try:
                self._await_start()
            except OSError as error:
                self._stop()
                raise RuntimeError(f"{self.name} did not start: {self._complaints()}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        if kind is None and re.search(self.alarming, self._complaints()):
            raise AssertionError(self._complaints())

    def _await_start(self) -> None:
        assert self._process
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._probe()
            except OSError:
                if time.monotonic() > deadline:
                    raise
            try:
                code = self._process.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            raise OSError(f"exit code {code}")

    def _stop(self) -> None:
        """Return when the process and all its children are gone."""
        assert self._process
        children = [fd for pid in descendants(self._process.pid) if (fd := open_process(pid)) is not None]
        self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for child in children:
            poll = select.poll()
            poll.register(child, select.POLLIN)
            if not poll.poll(PATIENCE * 1000):
                signal.pidfd_send_signal(child, signal.SIGKILL)
                poll.poll(PATIENCE * 1000)
            os.close(child)

    def _complaints(self) -> str:
        logs = (self._folder / "stderr", self._folder / self.error_log)
        return "\n".join(path.read_text("utf-8", "replace") for path in logs if path.exists()).strip()


class Squid(Daemon):
    """A forward proxy for clients on this machine; it stores nothing, and asks no name server but this machine's.

    A line of `log_lines` has the client's port, method, URL (for CONNECT, host and port), status and user or ``-``.
    A tunnel is logged when it has ended.

    Args:
        folder: Empty folder for its configuration and logs.
        users: Name and password of those who may use it; None lets everybody in.
        extra: Lines for the configuration, such as ``via off`` or a rule before ours.
        schemes: By what they say who they are; ``"ntlm"`` takes any name and password.
        pem: Key and certificate chain in one file, to be spoken to over TLS at `tls_port` too.
    """

    name = "squid"
    error_log = "cache.log"
    alarming = "FATAL|assertion failed"
    # Asked to end, it takes two seconds by its own clock, whatever shutdown_lifetime says; it has nothing to save.
    stop_signal = signal.SIGKILL

    def __init__(
        self,
        folder: Path,
        *,
        users: Mapping[str, str] | None = None,
        extra: str = "",
        schemes: tuple[Literal["basic", "digest", "ntlm"], ...] = ("basic",),
        pem: Path | None = None,
    ) -> None:
        super().__init__(folder)
        self._users = users
        self._extra = extra
        self.schemes = schemes
        self._pem = pem
        self.tls_port = 0

    @property
    def url(self) -> str:
        """What a client is given as its proxy."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def _service(self) -> str:
        """Start of the names of its shared memory, letters and digits only."""
        return f"pyinet{os.getpid()}p{self.port}"

    def _prepare(self, program: Path) -> list[str]:
        unpacked = (program.parent / "usr/share/squid").exists()
        if unpacked:
            (self._folder / "share").symlink_to(program.parent / "usr/share")
        extra, access = self._extra, "http_access allow localhost"
        if self._pem:
            self.tls_port = self._free_port()
        if self._users is not None:
            folders = [program.parent / "usr/lib/squid", *map(Path, HELPER_FOLDERS)]
            (self._folder / "helpers").symlink_to(next(filter(Path.exists, folders)))
            (self._folder / "digest.users").write_text(digest_users(REALM, self._users))
            (self._folder / "users.json").write_text(json.dumps(dict(self._users)))
            (self._folder / "users.py").write_text(AUTHENTICATE)
            (self._folder / "authenticate").write_text(f"exec {shlex.quote(sys.executable)} -ISu users.py\n")
            extra = "".join(SCHEMES[scheme] for scheme in self.schemes) + "acl known proxy_auth REQUIRED\n" + extra
            access = "http_access allow localhost known"
        text = CONFIG.format(
            port=self.port,
            tls=f"https_port 127.0.0.1:{self.tls_port} tls-cert={self._pem}" if self._pem else "",
            probe="PROBE",
            unpacked=UNPACKED if unpacked else "",
            extra=extra,
            access=access,
        )
        (self._folder / "squid.conf").write_text(text)
        return [str(program), "-N", "-n", self._service, "-f", "squid.conf"]

    def _probe(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as sock:
            sock.sendall(b"PROBE http://probe.invalid/ HTTP/1.1\r\nHost: probe.invalid\r\nConnection: close\r\n\r\n")
            if not sock.recv(65536).startswith(b"HTTP/1.1 403"):
                raise ConnectionError("no answer to the probe")

    def _stop(self) -> None:
        super()._stop()
        for left in Path("/dev/shm").glob(f"{self._service}-*"):
            left.unlink(missing_ok=True)


def digest_users(realm: str, users: Mapping[str, str]) -> str:
    """The file that htdigest would write: MD5 of user, realm and password."""
    lines = [f"{user}:{realm}:{password}" for user, password in users.items()]
    hashes = [hashlib.md5(line.encode()).hexdigest() for line in lines]
    return "".join(f"{user}:{realm}:{hashed}\n" for user, hashed in zip(users, hashes, strict=True))


def descendants(pid: int) -> list[int]:
    """Process ids of the children of *pid*, and of theirs."""
    try:
        lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []  # it has ended
    children = [int(child) for line in lists for child in line.split()]
    return children + [below for child in children for below in descendants(child)]


def open_process(pid: int) -> int | None:
    """Descriptor that is readable once the process has ended; None if that was before."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None
