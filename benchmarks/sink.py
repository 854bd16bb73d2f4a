"""A server that reads request bodies and says how long they were: for uploads. Prints its port, then serves."""

from __future__ import annotations

import json
import socket
import sys
import threading
import zlib

ROOM = 1 << 20


def serve(conn: socket.socket) -> None:
    """Answer each request with the length of its body, and its checksum when the path ends in ``checked``."""
    room = memoryview(bytearray(ROOM))
    data = b""
    with conn:
        while True:
            while b"\r\n\r\n" not in data:
                more = conn.recv(65_536)
                if not more:
                    return
                data += more
            head, _, data = data.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or b"0")
            checked = b"checked " in head.partition(b"\r\n")[0]
            checksum = zlib.crc32(data) if checked else 0
            left = length - len(data)
            while left:
                got = conn.recv_into(room, min(left, ROOM))
                if not got:
                    return
                if checked:
                    checksum = zlib.crc32(room[:got], checksum)
                left -= got
            data = b""
            body = json.dumps([length, checksum]).encode()
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def main() -> None:
    """Serve until killed."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
