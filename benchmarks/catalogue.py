"""All contenders and all scenarios: what the runner and its child processes choose from."""

from __future__ import annotations

import contenders
import contenders_http
import contenders_session
import scenarios
import scenarios_http
import scenarios_session

CONTENDERS = contenders.CONTENDERS | contenders_session.CONTENDERS | contenders_http.CONTENDERS
"""By label: what a table calls a client is how the client is found."""
SCENARIOS = scenarios.SCENARIOS | scenarios_session.SCENARIOS | scenarios_http.SCENARIOS
"""By name, in the order in which they run."""
