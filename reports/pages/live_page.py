"""The page of `sweep --serve`: filled by its script from the server's events, nothing loaded from elsewhere."""

from __future__ import annotations

from reports.layout.scripts import policy, script
from reports.layout.templates import filled_page
from reports.pages import page

SCRIPTS = ("elements", "quantities", "theme", "theme_alone", "live_rows", "live")


def render(run: str) -> str:
    """Write the page of a run, by its name. The run's report, which it gets at the end, opens under the page's policy,
    so its script is allowed there too.
    """
    allowed = policy(script(SCRIPTS), script(page.SCRIPTS), connects=True)
    return filled_page("live.html.jinja", SCRIPTS, policy=allowed, run=run)
