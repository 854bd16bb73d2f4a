"""Apache httpd as a child process on a port of its own, for its authentication and redirects."""

from __future__ import annotations

import base64
import hashlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from servers.nginx import PATIENCE, PROBE
from servers.squid import Daemon, digest_users

if TYPE_CHECKING:
    from collections.abc import Mapping

REALM = "pyinet tests"

MODULES = (
    *("mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "auth_digest"),
    *("alias", "dir", "headers", "mime", "reflector", "rewrite", "setenvif", "ssl"),
)
MODULE_FOLDERS = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/local/apache2/modules")
"""Where an installed httpd has its modules."""

CONFIG = """
ServerName localhost
Listen 127.0.0.1:{port}
{modules}
DefaultRuntimeDir .
PidFile httpd.pid
ErrorLog error.log
LogLevel warn
LogFormat "%{{remote}}p %k %m %U%q %>s %u %{{Authorization}}i" tests
SetEnvIf Request_URI ^{probe}$ probe
CustomLog access.log tests env=!probe
Redirect 204 {probe}
StartServers 1
ServerLimit 1
ThreadsPerChild 32
MaxRequestWorkers 32
MinSpareThreads 1
MaxSpareThreads 32
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
TypesConfig /dev/null
AddType text/html html
AddType text/plain txt
AddType application/json json
DocumentRoot "{root}"
DirectoryIndex index.html
SSLSessionCache none
{tls}
<Directory "{root}">
  AllowOverride None
  Options FollowSymLinks
  Require all granted
</Directory>
{config}
"""

TLS = """
Listen 127.0.0.1:{port} https
<VirtualHost 127.0.0.1:{port}>
  SSLEngine on
  SSLCertificateFile "{pem}"
</VirtualHost>
"""


def basic(path: str, *lines: str) -> str:
    """Configuration: what begins with *path* is only for `Httpd`'s users, by basic authentication."""
    return _protected(path, "AuthType Basic", "AuthUserFile basic.users", *lines)


def echo(path: str) -> str:
    """Configuration: a POST to what begins with *path* gets its body back."""
    return f'<Location "{path}">\n  SetHandler reflector\n</Location>\n'


def digest(path: str, *lines: str) -> str:
    """Configuration: what begins with *path* is only for `Httpd`'s users, by digest authentication (MD5, auth).

    Args:
        path: As in a ``<Location>``.
        lines: More directives, such as ``AuthDigestNonceLifetime 1``.
    """
    return _protected(path, "AuthType Digest", "AuthDigestProvider file", "AuthUserFile digest.users", *lines)


def _protected(path: str, *lines: str) -> str:
    body = "\n  ".join((f'AuthName "{REALM}"', *lines, "Require valid-user"))
    return f'<Location "{path}">\n  {body}\n</Location>\n'


class Httpd(Daemon):
    """Serves *root* over http, and over https when it has a certificate, from one process with a few threads.

    A line of `log_lines` has the client's port, how many requests that connection had before, method, path with
    query, status, user or ``-``, and the value of Authorization or ``-``.

    Args:
        folder: Empty folder for its configuration and logs.
        root: What it serves.
        config: Lines for the configuration: `basic`, `digest`, ``Redirect 302 /old /new``, any of `MODULES`' own.
        users: Name and password of those whom `basic` and `digest` let in; a name has no colon.
        pem: Key and certificate chain in one file, for https at `tls_port`.
        environ: Further variables of its environment.
    """

    name = "httpd"
    error_log = "error.log"
    alarming = r":(alert|crit|emerg)\]"

    def __init__(
        self,
        folder: Path,
        root: Path,
        *,
        config: str = "",
        users: Mapping[str, str] | None = None,
        pem: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(folder)
        self._environ.update(environ or {})
        self._pem = pem
        self.tls_port = 0
        self.root = root
        self._config = config
        self._users = users or {}

    def url(self, path: str = "/") -> str:
        """URL of *path*."""
        return f"http://127.0.0.1:{self.port}{path}"

    def tls_url(self, path: str = "/") -> str:
        """URL of *path* over https."""
        return f"https://127.0.0.1:{self.tls_port}{path}"

    def _prepare(self, program: Path) -> list[str]:
        folders = [program.parent / "usr/lib/apache2/modules", *map(Path, MODULE_FOLDERS)]
        if modules := next(filter(Path.exists, folders), None):
            (self._folder / "modules").symlink_to(modules)
        tls = ""
        if self._pem:
            self.tls_port = self._free_port()
            tls = TLS.format(port=self.tls_port, pem=self._pem)
        load = "<IfModule !mod_{0}.c>\nLoadModule {0}_module modules/mod_{0}.so\n</IfModule>"  # some have it built in
        text = CONFIG.format(
            port=self.port,
            modules="\n".join(load.format(name) for name in MODULES),
            probe=PROBE,
            root=self.root,
            tls=tls,
            config=self._config,
        )
        (self._folder / "httpd.conf").write_text(text)
        self._write_users()
        return [str(program), "-D", "FOREGROUND", "-d", str(self._folder), "-f", "httpd.conf", "-E", "/dev/stderr"]

    def _write_users(self) -> None:
        """Write the files that htpasswd and htdigest would write."""
        by_basic = ""
        for user, password in self._users.items():
            by_basic += f"{user}:{{SHA}}{base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()}\n"
        (self._folder / "basic.users").write_text(by_basic)
        (self._folder / "digest.users").write_text(digest_users(REALM, self._users))

    def _probe(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as sock:
            sock.sendall(f"GET {PROBE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            if not sock.recv(65536).startswith(b"HTTP/1.1 204"):
                raise ConnectionError("no answer to the probe")
