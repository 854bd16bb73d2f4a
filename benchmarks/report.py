"""Turns measured rows into tables, verdicts and JSON."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from job import Measurement
    from scenarios import Goal, Scenario

COLUMNS: tuple[tuple[str, Callable[[Measurement], float], str], ...] = (
    ("CPU us/request", lambda run: run.cpu_us, ",.1f"),
    ("user", lambda run: run.user / run.count * 1e6, ",.1f"),
    ("system", lambda run: run.system / run.count * 1e6, ",.1f"),
    ("wall s", lambda run: run.wall, ".2f"),
    ("RSS MB", lambda run: run.rss_peak / 1e6, ".0f"),
    ("growth MB", lambda run: run.rss_growth_mb, ".0f"),
    ("connections", lambda run: run.connects, ".0f"),
)
"""What the second table shows of a row: the median of each."""


@dataclass(frozen=True)
class Verdict:
    """One goal and what came out."""

    goal: Goal
    figures: list[float]
    """One for each complete repeat; none if a row failed."""
    objection: str = ""
    """Why the figures do not count."""

    @property
    def met(self) -> bool:
        """Whether the median reaches the goal."""
        return bool(self.figures) and not self.objection and median(self.figures) <= self.goal.limit

    @property
    def measured(self) -> str:
        """Median and range."""
        if not self.figures:
            return "-"
        unit = "" if self.goal.form == "ratio" else f" {self.goal.unit}"
        return f"{median(self.figures):.3g}{unit} [{min(self.figures):.3g} .. {max(self.figures):.3g}]"

    @property
    def word(self) -> str:
        """The last column."""
        return self.objection or ("yes" if self.met else "MISSED")


class RunError(Exception):
    """A contender could not do its work; the message says how it ended."""


@dataclass
class Rows:
    """What one scenario yielded."""

    scenario: Scenario
    measured: dict[str, list[Measurement]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    connects: dict[str, int] = field(default_factory=dict)
    """Connections each row opened in its verification."""

    @contextmanager
    def failing(self, label: str) -> Iterator[None]:
        """Note a `RunError` as the failure of the row; the others go on."""
        try:
            yield
        except RunError as failure:
            self.failures[label] = str(failure)

    def verdicts(self) -> list[Verdict]:
        """Judge every goal of the scenario."""
        return [self._verdict(goal) for goal in self.scenario.goals]

    def _verdict(self, goal: Goal) -> Verdict:
        labels = (goal.subject, *goal.against)
        if failed := [label for label in labels if label in self.failures]:
            return Verdict(goal, [], f"FAILED: {', '.join(failed)}")
        repeats = [
            goal.measured(dict(zip(labels, rows, strict=True)))
            for rows in zip(*(self.measured[label] for label in labels), strict=True)
        ]
        runs = [run for label in labels for run in self.measured[label]]
        opened = {run.connects for run in runs}
        if self.scenario.same_connections_as and len(opened) > 1:
            return Verdict(goal, repeats, f"NOT COMPARABLE: connections {sorted(opened)}")
        libcurls = {run.versions["libcurl"] for run in runs if "libcurl" in run.versions}
        if len(libcurls) > 1 and not self.scenario.libcurls_differ:
            return Verdict(goal, repeats, f"NOT COMPARABLE: libcurl {sorted(libcurls)}")
        return Verdict(goal, repeats)


def about(server: str, scratch: Path, results: Iterable[Rows]) -> dict[str, str]:
    """Return what the figures depend on: machine, server, and the versions the processes told."""
    facts = {
        "date": dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d"),
        "machine": f"{_processor()}, {os.cpu_count()} CPUs, {_memory_gb()} GB",
        "system": f"Linux {platform.release()}, {_distribution()}",
        "server": f"{server}, one worker, loopback",
        "disk": f"{scratch.parent} ({_file_system(scratch)})",
    }
    seen: dict[str, set[str]] = {}
    for rows in results:
        for runs in rows.measured.values():
            for name, version in runs[0].versions.items():
                seen.setdefault(name, set()).add(version)
    return facts | {name: " AND ".join(sorted(versions)) for name, versions in sorted(seen.items())}


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _processor() -> str:
    fields = (line.partition(":") for line in _lines("/proc/cpuinfo"))
    return next((value.strip() for name, _, value in fields if name.startswith("model name")), platform.machine())


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _distribution() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown distribution")


def _file_system(path: Path) -> str:
    """Return the type of the file system *path* is on."""
    mounts = [line.split() for line in _lines("/proc/mounts")]
    above = [(mount[1], mount[2]) for mount in mounts if path.resolve().is_relative_to(mount[1])]
    return max(above, key=lambda mount: len(mount[0]), default=("", "unknown"))[1]


def _table(header: list[str], body: list[list[str]], *, markdown: bool) -> str:
    """Lay out a table; columns are aligned in both forms."""
    widths = [max(len(row[column]) for row in (header, *body)) for column in range(len(header))]
    rule = ["-" * width for width in widths]
    edge = ("| ", " | ", " |") if markdown else ("", "  ", "")
    lines = (
        edge[0] + edge[1].join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + edge[2]
        for row in (header, rule, *body)
    )
    return "\n".join(line.rstrip() for line in lines)


def _middle(runs: list[Measurement], look: Callable[[Measurement], float], form: str) -> str:
    """Return the median of a column; what was not measured is 0 and shown as a dash."""
    value = median(map(look, runs))
    return format(value, form) if value else "-"


def text(results: Mapping[str, Rows], facts: Mapping[str, str], *, markdown: bool) -> str:
    """Return all of it for people."""
    goals = [
        [name, verdict.goal.subject + ": " + verdict.goal.text, verdict.measured, verdict.word]
        for name, rows in results.items()
        for verdict in rows.verdicts()
    ]
    figures = [
        [name, label, *(_middle(runs, look, form) for _, look, form in COLUMNS)]
        for name, rows in results.items()
        for label, runs in rows.measured.items()
        if label not in rows.failures
    ]
    failures = [
        f"{name}, {label}: {reason}" for name, rows in results.items() for label, reason in rows.failures.items()
    ]
    parts = [
        "\n".join(f"- {name}: {value}" for name, value in facts.items()),
        _table(["scenario", "goal", "measured, median [range]", "met"], goals, markdown=markdown),
        _table(["scenario", "client", *(head for head, _, _ in COLUMNS)], figures, markdown=markdown),
        "\n".join(failures),
    ]
    return "\n\n".join(part for part in parts if part)


def as_json(results: Mapping[str, Rows], facts: Mapping[str, str]) -> str:
    """Return every run."""
    return json.dumps(
        {
            "about": dict(facts),
            "runs": {
                name: {label: [asdict(run) for run in runs] for label, runs in rows.measured.items()}
                for name, rows in results.items()
            },
            "failures": {name: rows.failures for name, rows in results.items() if rows.failures},
            "goals": [
                {
                    "scenario": name,
                    "goal": verdict.goal.text,
                    "limit": verdict.goal.limit,
                    "figures": verdict.figures,
                    "verdict": verdict.word,
                }
                for name, rows in results.items()
                for verdict in rows.verdicts()
            ],
        },
        indent=1,
    )
