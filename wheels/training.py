"""The work that the profile is taken from: what clients of all kinds do, not the scenarios of the benchmarks.

usage: python wheels/training.py, where the instrumented pyinet and the tools of the tests are installed.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from pyinet import AccessType, InternetSession, Request

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from servers.nginx import Nginx
from servers.tls import CertificateAuthority

FILES = 200
SIZES = (0, 300, 4_000, 9_000, 30_000, 200_000)


def train(nginx: Nginx, ca: str) -> None:
    """Many and few at once, small and large, plain and encrypted, found and not found."""
    with InternetSession("trainer/2.1", access_type=AccessType.DIRECT, ca=ca) as session:
        for url in (nginx.url, nginx.tls_url):
            for in_flight in (1, 8, 200):
                wanted = [url(f"/file-{i % FILES}.bin?q={i}") for i in range(2000)]
                got = sum(row.ok for row in session.fetch(wanted, in_flight=in_flight))
                if got != len(wanted):
                    raise SystemExit(f"training: {got} of {len(wanted)}")
            headers = {"X-Trainer": "b", "Accept": "*/*"}
            list(session.fetch([Request(url(f"/file-{i % 50}.bin"), headers=headers) for i in range(500)]))
            list(session.fetch([url("/none")] * 300 + [url("/moved")] * 300, in_flight=20))
            for i in range(400):
                session.fetch_one(url(f"/file-{i % FILES}.bin"))
    for _ in range(60):  # handshakes
        with InternetSession("trainer/2.1", access_type=AccessType.DIRECT, ca=ca) as session:
            session.fetch_one(nginx.tls_url("/file-1.bin"))


def main() -> None:
    """Serve, and train."""
    with tempfile.TemporaryDirectory(prefix="pyinet-training-") as scratch:
        folders = [Path(scratch, name) for name in ("nginx", "www", "ca")]
        for folder in folders:
            folder.mkdir()
        sizes = random.Random(1)  # noqa: S311 - the same files every time
        for index in range(FILES):
            (folders[1] / f"file-{index}.bin").write_bytes(sizes.randbytes(sizes.choice(SIZES)))
        authority = CertificateAuthority(folders[2])
        extra = "location /moved { return 302 /file-3.bin; }"
        with Nginx(folders[0], folders[1], authority.server_pem, server_extra=extra) as nginx:
            train(nginx, str(authority.pem))


if __name__ == "__main__":
    main()
