"""Figures, ratios and targets of this machine, now: `python -m tests.bench`. See docs/performance.md."""

import os
import platform
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import click

from . import bookings, feed, free_times, pages, races
from .databases import Database, postgresql
from .load import ask_for, get
from .report import CLIENTS, Plan, Report
from .serving import WORKERS, Server, served

QUICK = Plan(
    databases=("sqlite",),
    sizes=(200,),
    appointments=200,
    ahead=5,
    seconds=0.1,
    windows=1,
    races=1,
    racers=20,
    holds=8,
    bookings=4,
    events=100,
)


def run(plan: Plan, report: Report) -> None:
    """Everything of the plan, in about eight minutes when it is the usual one."""
    with ExitStack() as stack:
        databases = [_database(stack, name) for name in plan.databases]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="consult-bench-")))
        bare = stack.enter_context(served("tests.bench.bare:app", folder, {}, "/"))
        before = _bare(report, bare, "bare Flask before")
        for database in databases:
            if "times" in plan.parts:
                free_times.measure(report, plan, database, bare)
            if "races" in plan.parts:
                races.measure(report, plan, database)
            if "bookings" in plan.parts:
                bookings.measure(report, plan, database, bare)
            if "pages" in plan.parts:
                pages.measure(report, plan, database, bare)
            if "feed" in plan.parts:
                feed.measure(report, plan, database, bare)
        report.heading("At the end")
        after = _bare(report, bare, "bare Flask after")
        report.note(
            f"bare Flask after ÷ before: {after / before:.2f}; below 0.8 or above 1.25 the machine had other"
            " work, and the run says little"
        )


def _database(stack: ExitStack, name: str) -> Database:
    return Database(name) if name == "sqlite" else stack.enter_context(postgresql())


def _bare(report: Report, server: Server, label: str) -> float:
    window = ask_for(server.port, [get("/")], clients=CLIENTS, seconds=2)
    report.line(
        label, f"{window.rate:6.0f}/s   asking took {window.generator_share:.2f} of a core while it answered"
    )
    return window.rate


@click.command()
@click.option(
    "--quick", is_flag=True, help="Only whether everything runs, in seconds; the figures say nothing."
)
@click.option("--large", is_flag=True, help="Free times at 100,000 appointments, too.")
@click.option("--only", type=click.Choice(Plan().parts), multiple=True, help="Only these parts.")
@click.option("--database", type=click.Choice(Plan().databases), multiple=True, help="Only these.")
def main(quick: bool, large: bool, only: tuple[str, ...], database: tuple[str, ...]) -> None:
    """Measure this application against bare Flask and against hand-written SQL, on this machine."""
    usual = QUICK if quick else Plan()
    plan = Plan(
        **{
            **vars(usual),
            "parts": only or usual.parts,
            "databases": database or usual.databases,
            "sizes": (*usual.sizes, 100_000) if large else usual.sizes,
        }
    )
    begun, report = time.perf_counter(), Report()
    click.echo(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, load"
        f" {os.getloadavg()[0]:.1f}. gunicorn, {WORKERS} synchronous workers; `serve` itself uses waitress."
    )
    run(plan, report)
    click.echo(f"\n{report.met()} of {len(report.targets)} targets met in this run")
    for label, target in report.targets:
        click.echo(f"  {label}: {target}")
    click.echo(f"{time.perf_counter() - begun:.0f} s, load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
