"""What a user does with the wheel in a bare system, where `smoke.py` starts this: needs nothing but pyinet."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyinet
from pyinet import AccessType, InternetSession, TlsError

PRIVATE = "/private-ca.pem"


def session(**options: object) -> InternetSession:
    """A session without a proxy, unless *options* say otherwise."""
    return InternetSession("smoke", **{"access_type": AccessType.DIRECT, **options})  # type: ignore[arg-type]


def check(what: str, *, passed: bool) -> None:
    """Say what was tried; end at the first that fails."""
    print(f"   {'ok' if passed else 'FAILED':<6} {what}", flush=True)
    if not passed:
        sys.exit(1)


def main() -> None:
    """Everything, in order."""
    job = json.loads(sys.argv[1])
    loaded = Path("/proc/self/maps").read_text() if Path("/proc/self/maps").exists() else ""
    system = [path for folder in ("/usr/lib", "/lib") for path in Path(folder).rglob("libcurl*")]
    check("no libcurl in this system", passed=not system and "libcurl" not in loaded and not shutil.which("curl"))
    with session() as plain:
        result = plain.fetch_one(job["http"])
        check(f"http ({pyinet.__name__}, HTTP/{result.http_version})", passed=len(result.body) == job["size"])
        try:
            plain.fetch_one(job["https"])
        except TlsError as error:
            check(f"an unknown authority is refused ({error.code})", passed=True)
        else:
            check("an unknown authority is refused", passed=False)
    with session(ca=PRIVATE) as private:
        result = private.fetch_one(job["https"])
        check(f"https with a private CA, HTTP/{result.http_version}", passed=result.http_version == "2")
        for coding, url in job["codings"].items():
            check(f"{coding} is decoded", passed=len(private.fetch_one(url).body) == job["size"])
    with session(access_type=AccessType.PROXY, proxy_name=job["proxy"], proxy_bypass="<-loopback>") as proxied:
        result = proxied.fetch_one("http://origin.test/text")
        check("through a proxy", passed=len(result.body) == job["size"] and result.headers["Via"] == "1.1 smoke")
    shutil.copy(PRIVATE, "/usr/local/share/ca-certificates/smoke.crt")
    subprocess.run(["update-ca-certificates"], check=True, capture_output=True)
    with session() as plain:
        check("https with the system's store", passed=len(plain.fetch_one(job["https"]).body) == job["size"])


if __name__ == "__main__":
    main()
