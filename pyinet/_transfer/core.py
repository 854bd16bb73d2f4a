"""What a session has in this process: its engine, and exchanges kept for reuse. A forked child makes another."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

from pyinet._transfer.engine import Engine
from pyinet._transfer.streaming import Streaming
from pyinet.bulk import OneByOne

if TYPE_CHECKING:
    from pyinet._network.ca_store import CaStore
    from pyinet._settings import Settings
    from pyinet._transfer.aio import Hubs
    from pyinet._transfer.faults import Faults
    from pyinet._transfer.reporting import Reporter

__all__ = ["Core", "OlderCores"]


class Core:
    """An engine and what runs on it."""

    def __init__(self, settings: Settings, faults: Faults, ca: CaStore, resolve: str) -> None:
        """Create the engine; no network activity. *resolve*: lines of `connect_to_lines`.

        Raises:
            InternetException: Memory or file descriptors are missing.
        """
        self._settings, self._faults = settings, faults
        self._generation = 0
        self._lock = threading.Lock()
        self._streams: list[Streaming] = []
        lines = settings.own_lines()
        raw = settings.own_lines(frozenset({"accept-encoding"}))
        self.engine = Engine(
            default_headers="".join(f"{line}\n" for line in lines),
            raw_headers="".join(f"{line}\n" for line in raw),
            bare_headers="".join(f"{line}\n" for line in [*raw, "Accept:"]),
            ca_file=ca.file,
            resolve=resolve,
        )
        self._hubs: Hubs | None = None
        self._reporter: Reporter | None = None
        self.single = OneByOne(self.engine, settings, faults)

    def report_to(self, reporter: Reporter | None) -> None:
        """Rows that begin from now on report to *reporter*, when they have a context."""
        self.single.report_to(reporter)
        self._reporter = reporter
        if self._hubs is not None:
            self._hubs.report_to(reporter)

    def hubs(self) -> Hubs:
        """Return what leads event loops to the engine."""
        hubs = self._hubs
        if hubs is None:
            from pyinet._transfer.aio import Hubs  # here: asyncio takes long to import

            with self._lock:
                hubs = self._hubs = self._hubs or Hubs(self.engine, self._settings, self._faults, self._reporter)
        return hubs

    def stream(self) -> Streaming:
        """Return an exchange for one file; give it to `keep` in the end.

        Raises:
            HandleClosed: The session was closed.
        """
        while self._streams:
            stream = self._streams.pop()  # atomic
            if stream.generation == self._generation:
                return stream
            stream.queue.close()
        queue = self.engine.queue(**self._settings.queue_config(in_flight=1, per_host=1))
        return Streaming(queue, self._settings, self._faults, self._generation)

    def keep(self, stream: Streaming) -> None:
        """Take an exchange back, for reuse when nothing runs on it."""
        if (
            stream.idle
            and not stream.has_own_clocks
            and stream.generation == self._generation
            and not stream.queue.closed
        ):
            self._streams.append(stream)
        else:
            stream.queue.close()

    def settings_changed(self) -> None:
        """Limits and clocks changed: what is kept has the old ones."""
        self._generation += 1
        self.single.close()
        if self._hubs is not None:
            self._hubs.settings_changed()

    def retire(self) -> None:
        """Nothing begins here any more: what runs ends as it would, and the engine with it."""
        self.settings_changed()
        while self._streams:
            self._streams.pop().queue.close()

    @property
    def parts(self) -> tuple[Engine, Hubs | None]:
        """What is to be closed when it is closed."""
        return self.engine, self._hubs

    def disown(self) -> None:
        """Forget what belongs to the parent, in a forked child: nothing is closed but descriptors."""
        if self._hubs is not None:
            self._hubs.disown()

    def close(self) -> None:
        """Cancel everything in flight and close the connections. Idempotent, any thread."""
        self.engine.close()
        if self._hubs is not None:
            self._hubs.close()
        self.single.close()
        self._streams.clear()


class OlderCores:
    """Those that were replaced, as long as something runs on them: known weakly, so that they end with it."""

    def __init__(self) -> None:
        self._engines: weakref.WeakSet[Engine] = weakref.WeakSet()
        self._hubs: weakref.WeakSet[Hubs] = weakref.WeakSet()

    def add(self, core: Core) -> None:
        """*core* was replaced."""
        core.retire()
        engine, hubs = core.parts
        self._engines.add(engine)
        if hubs is not None:
            self._hubs.add(hubs)

    def close(self) -> None:
        """Cancel everything in flight. Idempotent, any thread."""
        for engine in list(self._engines):
            engine.close()
        for hubs in list(self._hubs):
            hubs.close()

    def disown(self) -> None:
        """Forget what belongs to the parent, in a forked child."""
        for hubs in list(self._hubs):
            hubs.disown()
        self._engines.clear()
        self._hubs.clear()
