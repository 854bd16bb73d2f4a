"""What a runner tells a child process, and what the child reports: the words both sides share."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


def host_name(number: int) -> str:
    """Return one of many names of the server; each is a site of its own."""
    return f"site{number:03d}.example"


@dataclass(frozen=True)
class Job:
    """One measured (or verified) run of one contender in one scenario."""

    scenario: str
    contender: str
    url_file: str
    """One URL a line, all distinct; a run goes round it until `count` is reached."""
    count: int
    in_flight: int
    size: int
    """Bytes each body must have."""
    root: str
    """The server's document root, to compare bodies with."""
    agent: str = "bench/1.0"
    codings: str = "Accept-Encoding: gzip,deflate,br,zstd"
    """User-Agent to send, the same for all; empty: what the client sends by itself."""
    ca: str | None = None
    """PEM file to trust. Given: https with HTTP/2; None: plain http."""
    connections: int = 0
    """Most connections the client may open; 0: its own choice."""
    spin: int = 0
    """Turns of `scenarios.spin` to spend on each result."""
    pause_ms: float = 0
    """Pause after each chunk of a body that is read in chunks."""
    sink: str = ""
    """Where uploads go: an URL without path."""
    out: str | None = None
    """Empty directory for downloads."""
    verify: bool = False
    """Compare bodies byte for byte instead of by length."""

    def distinct_urls(self) -> list[str]:
        """Return the URLs of `url_file`."""
        return Path(self.url_file).read_text("ascii").split()

    def urls(self) -> list[str]:
        """Return the `count` URLs to get, in order."""
        distinct = self.distinct_urls()
        rounds, rest = divmod(self.count, len(distinct))
        return distinct * rounds + distinct[:rest]

    def served_file(self, url: str) -> Path:
        """Return the file the server sends for *url*."""
        return Path(self.root + urlsplit(url).path)

    def to_json(self) -> str:
        """Return the job as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Measurement:
    """What one child process reports about the part it measured. Seconds and bytes."""

    wall: float
    user: float
    system: float
    count: int
    """Requests whose body was right."""
    rss_peak: int = 0
    """Not measured for tools in processes of their own: 0."""
    rss_growth: int = 0
    """Peak less the resident size where the measured part began."""
    connects: int = 0
    """Connections the server accepted (filled in by the runner)."""
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def cpu_us(self) -> float:
        """CPU microseconds a request."""
        return (self.user + self.system) / self.count * 1e6

    @property
    def wall_us(self) -> float:
        """Elapsed microseconds a request."""
        return self.wall / self.count * 1e6

    @property
    def rss_growth_mb(self) -> float:
        """Growth of the resident size in megabytes."""
        return self.rss_growth / 1e6
