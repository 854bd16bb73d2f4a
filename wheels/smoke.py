"""Smoke test of a wheel in a bare system: servers out here, ``smoke_client.py`` in a root file system of its own.

Exit code 77: no bare system can be had here, and one line says why. usage: python wheels/smoke.py WHEEL
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from debian_sources import own_archive
from places import ROOT, cache_folder

sys.path.insert(0, str(ROOT / "tests"))
from servers.nginx import Nginx
from servers.scripted import ScriptedServer, response
from servers.tls import CertificateAuthority

HERE = Path(__file__).resolve().parent
SKIPPED = 77
TEXT = b"hello, hello, hello, hello world; " * 20
ENCODED = {
    "gzip": gzip.compress(TEXT),
    "br": base64.b64decode("G6cCQBwJNk50bySGV2VoCcLCljtsb7nIPJVVAtO6gzAQDg=="),
    "zstd": base64.b64decode("KLUv/WSoAeUAAHBoZWxsbywgIHdvcmxkOwQAaYqqADLgkzZKihGd0627"),
}
LOCATION = 'location ~ "[.](?<coding>gzip|br|zstd)$" { add_header Content-Encoding $coding; }'


def bare_system(folder: Path) -> int:
    """Lay the system into *folder*; 0, or an exit code."""
    command = [str(HERE / "bare_system.sh"), str(folder), str(cache_folder()), own_archive(cache_folder())]
    return subprocess.run(command, check=False).returncode


def install(wheel: Path, root: Path) -> None:
    """Install *wheel* with the system's pip, without an index: what it depends on is fetched out here."""
    wheels = root / "wheels"
    wheels.mkdir()
    shutil.copy(wheel, wheels)
    inside = "import sys; print('%d.%d' % sys.version_info[:2])"
    version = subprocess.run(["chroot", str(root), "python3", "-c", inside], check=True, capture_output=True, text=True)
    fetch = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--only-binary=:all:"]
    subprocess.run([*fetch, f"--python-version={version.stdout.strip()}", "-d", str(wheels), str(wheel)], check=True)
    install = (
        "python3 -m pip install -qq --root-user-action=ignore --break-system-packages --no-index -f /wheels pyinet"
    )
    subprocess.run(["chroot", str(root), "env", "-i", f"PATH={os.defpath}:/usr/sbin", *install.split()], check=True)


def main() -> int:
    """Command line of this file."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the name of this file, and a wheel
        sys.exit(__doc__)
    scratch = Path(tempfile.mkdtemp(prefix="pyinet-bare-"))
    try:
        root = scratch / "root"
        if code := bare_system(root):
            return code
        install(Path(sys.argv[1]).resolve(), root)
        for name in ("nginx", "www", "ca"):
            (scratch / name).mkdir()
        ca = CertificateAuthority(scratch / "ca")
        shutil.copy(ca.pem, root / "private-ca.pem")
        shutil.copy(HERE / "smoke_client.py", root / "smoke_client.py")
        for coding, data in ENCODED.items():
            (scratch / "www" / f"text.{coding}").write_bytes(data)
        (scratch / "www" / "text").write_bytes(TEXT)
        with (
            Nginx(scratch / "nginx", scratch / "www", ca.server_pem, server_extra=LOCATION) as nginx,
            ScriptedServer() as proxy,
        ):
            proxy.reply(response(TEXT, "Via: 1.1 smoke"))
            job = {
                "http": nginx.url("/text"),
                "https": nginx.tls_url("/text"),
                "codings": {coding: nginx.tls_url(f"/text.{coding}") for coding in ENCODED},
                "proxy": f"127.0.0.1:{proxy.port}",
                "size": len(TEXT),
            }
            client = ["python3", "/smoke_client.py", json.dumps(job)]
            plain = ["chroot", str(root), "env", "-i", f"PATH={os.defpath}:/usr/sbin:/sbin", "HOME=/root"]
            return subprocess.run([*plain, *client], check=False).returncode
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
