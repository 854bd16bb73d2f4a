"""A port of the MFC program: fetch a URL, show what the network does, save the body."""

from __future__ import annotations

import sys

from pyinet import AccessType, HttpFile, InternetException, InternetFlag, InternetSession, InternetStatus


class WatchSession(InternetSession):
    """Prints the statuses a person cares about."""

    def __init__(self) -> None:
        super().__init__("watch/1.0", 1, AccessType.DIRECT)
        self.enable_status_callback(True)

    def on_status_callback(self, context: int, status: InternetStatus, info: object) -> object:
        """Be told; the length of the information is gone, its type says enough."""
        if status == InternetStatus.CONNECTED_TO_SERVER:
            print(f"[{context}] connected to {info}")
        elif status == InternetStatus.REQUEST_SENT:
            print(f"[{context}] request sent")
        elif status == InternetStatus.REDIRECT:
            print(f"[{context}] goes on at {info}")
            return str(info).startswith("http://127.0.0.1")  # False: not there
        return None


def main() -> int:
    """Return the exit code."""
    url, target = sys.argv[1:3]
    try:
        with (
            WatchSession() as session,
            session.open_url(url, 7, InternetFlag.TRANSFER_BINARY | InternetFlag.RELOAD) as file,
        ):
            if isinstance(file, HttpFile) and file.status_code != 200:  # noqa: PLR2004
                print(f"status {file.status_code}")
                return 1
            with open(target, "wb") as out:  # noqa: PTH123
                while block := file.read(4096):
                    out.write(block)
    except InternetException as error:
        print(f"error {error.code}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
