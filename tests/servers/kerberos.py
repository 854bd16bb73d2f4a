"""A Kerberos realm for one test run: its key distribution centre (MIT), a user, and the keys of a service."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING

from servers.nginx import PATIENCE
from servers.squid import Daemon, fetched

if TYPE_CHECKING:
    from pathlib import Path

REALM = "PYINET.TEST"

CLIENT = """
[libdefaults]
  default_realm = {realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  {realm} = {{
    kdc = 127.0.0.1:{port}
  }}
[domain_realm]
  localhost = {realm}
"""

SERVER = """
[kdcdefaults]
  kdc_listen = ""
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  {realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/acl
    supported_enctypes = aes128-cts-hmac-sha1-96:normal
    master_key_type = aes128-cts-hmac-sha1-96
    max_life = 1h
  }}
[logging]
  kdc = STDERR
{plugins}
"""


class Kdc(Daemon):
    """A realm with *user*, and with the service ``HTTP/localhost`` that a web server takes tickets for.

    Args:
        folder: Empty folder for its database, keys and configuration.
        user: Name of the only user; `user_environ` makes a process theirs.
    """

    name = "krb5kdc"
    error_log = "stderr"
    alarming = "(?i)fatal"
    may_be_root = True  # the database asks for the rights of the real user, which dac_override does not give

    def __init__(self, folder: Path, user: str) -> None:
        super().__init__(folder)
        self._user = user

    @property
    def user_environ(self) -> dict[str, str]:
        """Variables with which a client gets tickets for the user when it needs one, as after ``kinit``."""
        return self._shared | {
            "KRB5_CLIENT_KTNAME": f"FILE:{self._folder}/user.keytab",
            "KRB5CCNAME": f"FILE:{self._folder}/tickets",
        }

    @property
    def stranger_environ(self) -> dict[str, str]:
        """Variables of a client who knows the realm and has no tickets."""
        return self._shared | {
            "KRB5_CLIENT_KTNAME": f"FILE:{self._folder}/none.keytab",
            "KRB5CCNAME": f"FILE:{self._folder}/none",
        }

    @property
    def service_environ(self) -> dict[str, str]:
        """Variables of the service; it remembers no tickets on disk."""
        return self._shared | {"KRB5_KTNAME": f"FILE:{self._folder}/service.keytab", "KRB5RCACHENAME": "none:"}

    @property
    def _shared(self) -> dict[str, str]:
        return {"KRB5_CONFIG": str(self._folder / "krb5.conf")}

    def negotiate(self, path: str) -> str:
        """Configuration of an `Httpd` with `service_environ`: what begins with *path* is only for the user."""
        return (
            f'LoadModule auth_gssapi_module "{fetched("mod_auth_gssapi")}"\n<Location "{path}">\n  AuthType GSSAPI\n'
            f'  AuthName "{REALM}"\n  GssapiAllowedMech krb5\n  Require valid-user\n</Location>\n'
        )

    def _prepare(self, program: Path) -> list[str]:
        plugins = next(program.parent.glob("usr/lib/*/krb5/plugins/kdb"), None)
        values = {
            "realm": REALM,
            "port": self.port,
            "folder": self._folder,
            "plugins": f"[dbmodules]\n  db_module_dir = {plugins}" if plugins else "",
        }
        (self._folder / "krb5.conf").write_text(CLIENT.format(**values))
        (self._folder / "kdc.conf").write_text(SERVER.format(**values))
        self._environ.update(self._shared, KRB5_KDC_PROFILE=str(self._folder / "kdc.conf"))
        self._run(program.parent / "kdb5_util", "create", "-r", REALM, "-s", "-P", "master")
        for name, keytab in ((self._user, "user.keytab"), ("HTTP/localhost", "service.keytab")):
            admin = program.parent / "kadmin.local"
            self._run(admin, "-r", REALM, "addprinc", "-randkey", name)
            self._run(admin, "-r", REALM, "ktadd", "-k", str(self._folder / keytab), name)
        return [str(program), "-n", "-r", REALM, "-P", "kdc.pid"]

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(command, cwd=self._folder, env=self._environ, check=False, capture_output=True, text=True)
        if done.returncode or "while" in done.stderr:  # kadmin.local ends with 0 whatever happens
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")

    def _probe(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE):
            pass
