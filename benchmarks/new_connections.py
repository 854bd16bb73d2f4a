"""2,000 new TLS connections: the wheel against `floor.c` linked with the very libraries that are in the wheel.

The server closes after each answer and resumes no session; HTTP/1.1. Both trust the same file, which holds the
system's authorities besides ours, so that parsing it for each connection would show. `setup_wheel.sh` comes first.

usage: python benchmarks/new_connections.py [REPEATS]
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from contenders import FLOOR, WHEELS

from servers.nginx import Nginx
from servers.tls import CertificateAuthority

HERE = Path(__file__).parent
COUNT, IN_FLIGHT, SIZE = 2000, 16, 1024
SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
GOAL = 1.10
CLIENT = f"""
import json, resource, sys
from pyinet import AccessType, InternetSession
url, ca = sys.argv[1:]
before = resource.getrusage(resource.RUSAGE_SELF)
with InternetSession("bench/1.0", access_type=AccessType.DIRECT, ca=ca) as session:
    good = sum(len(r.body) == {SIZE} for r in session.fetch([url] * {COUNT}, in_flight={IN_FLIGHT}))
after = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps(dict(count=good, user=after.ru_utime - before.ru_utime, system=after.ru_stime - before.ru_stime)))
"""


def linked_floor(bundled: Path) -> str:
    """Compile `floor.c` with the libraries of the wheel; return the program."""
    found = json.loads((bundled / "bundled.json").read_text("utf-8"))
    cflags, ldflags = (
        [flag.replace("{folder}", str(bundled)) for flag in found[key] if "exports" not in flag]
        for key in ("cflags", "ldflags")
    )
    program = str(FLOOR.with_name("floor-bundled"))
    source = ["-D_GNU_SOURCE", str(HERE / "floor.c")]
    subprocess.run([found["environment"]["CC"], *cflags, "-o", program, *source, *ldflags], check=True)
    return program


def cpu_us(command: list[str]) -> float:
    """CPU microseconds a connection of one run."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout)
    if told["count"] != COUNT:
        raise SystemExit(f"{command[0]}: {told['count']} of {COUNT} bodies")
    return (told["user"] + told["system"]) / COUNT * 1e6


def main() -> None:
    """Interleaved repeats, each in the other order."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    floor = linked_floor(Path((HERE.parent / "wheels" / "dist" / "linked-with").read_text("utf-8").strip()))
    with tempfile.TemporaryDirectory(prefix="pyinet-bench-") as scratch:
        folder = Path(scratch)
        (folder / "nginx").mkdir()
        (folder / "root").mkdir()
        (folder / "root" / "a").write_bytes(bytes(SIZE))
        authority = CertificateAuthority(folder)
        trusted = folder / "trusted.pem"
        trusted.write_bytes(SYSTEM_BUNDLE.read_bytes() + authority.pem.read_bytes())
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        extra = f"listen 127.0.0.1:{port} ssl backlog=512; keepalive_timeout 0;"
        extra += " ssl_session_cache off; ssl_session_tickets off;"
        with Nginx(folder / "nginx", folder / "root", authority.server_pem, server_extra=extra, log=False):
            url = f"https://127.0.0.1:{port}/a"
            (folder / "urls").write_text(f"{url}\n")
            numbers = ["--count", str(COUNT), "--in-flight", str(IN_FLIGHT), "--size", str(SIZE)]
            commands = {
                "C floor": [floor, "--urls", str(folder / "urls"), *numbers, "--http2-ca", str(trusted)],
                "pyinet wheel": [str(WHEELS), "-I", "-c", CLIENT, url, str(trusted)],
            }
            figures: dict[str, list[float]] = {name: [] for name in commands}
            for repeat in range(repeats):
                for name in sorted(commands, reverse=bool(repeat % 2)):
                    figures[name].append(cpu_us(commands[name]))
    ratios = sorted(ours / least for ours, least in zip(figures["pyinet wheel"], figures["C floor"], strict=True))
    for name, values in figures.items():
        print(f"{name:<13} {median(values):7.0f} us CPU a connection [{min(values):.0f} .. {max(values):.0f}]")
    verdict = "yes" if median(ratios) <= GOAL else "MISSED"
    print(f"ratio {median(ratios):.2f} [{ratios[0]:.2f} .. {ratios[-1]:.2f}], goal {GOAL:.2f}: {verdict}")


if __name__ == "__main__":
    main()
