"""Lines 2 to 4: free times of a day, a week and a month over HTTP, with ever more appointments."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .databases import Database
from .floor import DATABASE
from .load import ask, get
from .practice import (
    Site,
    add_appointments,
    add_time_off,
    first_session_type,
    free_starts,
    next_monday,
    open_site,
)
from .report import Plan, Probe, Rates, Report, Target, UnexpectedAnswer, compare
from .serving import Server, served

RANGES = {"day": 1, "week": 7, "month": 31}
_ZONE = "Europe/London"
_FOR_BARE = {
    "sqlite": {"day": 0.50, "week": 0.40, "month": 0.30},
    "postgresql": {"day": 0.35, "week": 0.28, "month": 0.22},
}
_MONTH_FOR_FLOOR = 0.5
_GROWTH = {10_000: 0.9, 100_000: 0.8}


def measure(report: Report, plan: Plan, database: Database, bare: Server) -> None:
    report.heading(f"Free times (GET /times.json), 16 clients, {database.name}")
    months = {}
    for size in plan.sizes:
        with tempfile.TemporaryDirectory(prefix="consult-bench-") as folder, ExitStack() as stack:
            site = stack.enter_context(open_site(Path(folder), database.new_url()))
            _fill(site, size)
            floor = stack.enter_context(
                served("tests.bench.floor:app", site.folder, floor_environ(site), "/ready")
            )
            ours = stack.enter_context(served("wsgi:app", site.folder, site.environ, "/readyz"))
            rates = compare(plan, database, {"bare": Probe(bare, [get("/")])} | _probes(site, ours, floor))
        months[size] = rates.ratio("month", "bare")
        for name in RANGES:
            _show(report, database.name, size, name, rates)
    for size, target in _GROWTH.items():
        if 0 in months and size in months:
            kept = months[size] / months[0]
            report.line(f"month at {size:,} ÷ month at 0", f"{kept:.2f}", Target("growth", kept, target))


def floor_environ(site: Site) -> dict[str, str]:
    """The floor on the same database, knowing the same visitors."""
    return site.environ | {DATABASE: str(site.app.config["SQLALCHEMY_DATABASE_URI"])}


def _fill(site: Site, size: int) -> None:
    """Half of the coming six weeks taken, where there are any appointments at all; the rest is history."""
    monday = next_monday(datetime.now(UTC).date())
    add_time_off(site, monday + timedelta(days=2))
    offered = free_starts(site, first_session_type(site), monday, 42)
    hours = [start for start in offered if start.minute == 0]
    add_appointments(site, size, hours[::2])


def _probes(site: Site, ours: Server, floor: Server) -> Mapping[str, Probe]:
    """Raises UnexpectedAnswer when the two do not answer alike, to the byte."""
    type_id, monday = first_session_type(site), next_monday(datetime.now(UTC).date())
    probes = {}
    for name, days in RANGES.items():
        request = get(f"/times.json?session_type={type_id}&from={monday}&days={days}&zone={_ZONE}")
        one, other = ask(ours.port, request), ask(floor.port, request)
        if one.body != other.body:
            raise UnexpectedAnswer(f"{name}: {one.body!r} but the floor says {other.body!r}")
        probes[name] = Probe(ours, [request])
        probes[f"floor {name}"] = Probe(floor, [request])
    return probes


def _show(report: Report, database: str, size: int, name: str, rates: Rates) -> None:
    floor = f"floor {name}"
    targets = [Target("÷ bare", rates.ratio(name, "bare"), _FOR_BARE[database][name])]
    if name == "month" and database == "sqlite":
        targets.append(Target("÷ floor", rates.ratio(name, floor), _MONTH_FOR_FLOOR))
    report.line(
        f"{name}, {size:,} appointments",
        f"{rates.rate(name)}   bare {rates.rate('bare')}, floor {rates.rate(floor)}"
        f"   {rates.against(name, 'bare')}, {rates.against(name, floor)}",
        *(targets if size == 10_000 else []),
    )
