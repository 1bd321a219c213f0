"""Lines 7 and 8: a page of the intake form, shown and stored; what the therapist reads."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, event, select

from consult.accounts import service as accounts
from consult.accounts.models import Account
from consult.deps import deps
from tests.journeys.page import read_page

from . import rules
from .databases import Database
from .form import add_demonstration, give_times, longest_section, with_open_form
from .load import ask, get, post
from .practice import (
    Site,
    Visitor,
    add_appointments,
    copy_bookings,
    open_site,
)
from .report import CLIENTS, Plan, Probe, Rates, Report, Target, compare
from .serving import Server, served


def measure(report: Report, plan: Plan, database: Database, bare: Server) -> None:
    report.heading(f"Pages, {plan.appointments:,} appointments, 16 clients, {database.name}")
    with tempfile.TemporaryDirectory(prefix="consult-bench-") as folder, ExitStack() as stack:
        site = stack.enter_context(open_site(Path(folder), database.new_url()))
        finished = add_demonstration(site)
        section_id, asked = longest_section(site, finished)
        visitors = with_open_form(site, finished, CLIENTS)
        _fill_agenda(site, plan, finished)
        cookie = _signed_in(site)
        server = stack.enter_context(served("wsgi:app", site.folder, site.environ, "/readyz"))
        form = [f"/b/{visitor.token}/intake/{section_id}" for visitor in visitors]
        show = [get(path, cookie=visitor.cookie) for path, visitor in zip(form, visitors, strict=True)]
        send = [
            post(path, _filled(ask(server.port, request).body.decode(), path, visitor), cookie=visitor.cookie)
            for path, request, visitor in zip(form, show, visitors, strict=True)
        ]
        summary, agenda = f"/therapist/bookings/{finished}", "/therapist"
        probes = {
            "bare": Probe(bare, [get("/")]),
            "show": Probe(server, show),
            "send": Probe(server, send, 303),
            "summary": Probe(server, [get(summary, cookie=cookie)]),
            "agenda": Probe(server, [get(agenda, cookie=cookie)]),
        }
        rates = compare(plan, database, probes)
        queries = [count_queries(site, path, cookie) for path in (summary, agenda, form[0])]
        _show(report, plan, asked, rates, queries)
        if database.server is None:
            rules.measure(report, plan, site, finished)


def _show(report: Report, plan: Plan, asked: int, rates: Rates, queries: list[int]) -> None:
    for label, name, target in (
        (f"intake page of {asked} questions", "show", 0.15),
        ("the same filled in and stored", "send", 0.08),
        ("therapist's summary", "summary", 0.12),
        (f"agenda of {plan.ahead} appointments", "agenda", None),
    ):
        ratio = rates.ratio(name, "bare")
        report.line(
            label,
            f"{rates.rate(name)}   bare {rates.rate('bare')}   {rates.against(name, 'bare')}",
            *([Target("÷ bare", ratio, target)] if target else []),
        )
    of_summary, of_agenda, of_form = queries
    report.line("queries of the summary", str(of_summary), Target("queries", of_summary, 6, least=False))
    report.line("queries of the agenda, intake page", f"{of_agenda}, {of_form}")


def count_queries(site: Site, path: str, cookie: str) -> int:
    """Statements to the database in one request, its BEGIN not counted. Counted at the second request."""
    client = site.app.test_client(use_cookies=False)
    headers = {"Cookie": cookie}
    client.get(path, headers=headers, base_url="http://127.0.0.1")
    with _statements(site.engine) as statements:
        client.get(path, headers=headers, base_url="http://127.0.0.1")
    return len(statements)


@contextmanager
def _statements(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statement = str(arguments[2])
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _fill_agenda(site: Site, plan: Plan, booking_id: uuid.UUID) -> None:
    """So many appointments in the coming weeks as the agenda shows, and a long history."""
    visitors = copy_bookings(site, booking_id, plan.ahead, confirmed_at=datetime.now(UTC))
    give_times(site, [visitor.booking_id for visitor in visitors])
    add_appointments(site, plan.appointments - plan.ahead, [])


def _signed_in(site: Site) -> str:
    with site.app.app_context():
        d = deps()
        with d.transaction():
            account_id = d.session.scalars(select(Account.id)).one()
            token = accounts.sign_in(d.session, account_id, d.now())
    return site.cookie(_user_id=token)


def _filled(html: str, path: str, visitor: Visitor) -> list[tuple[str, str]]:
    """The page as it stands, all its questions answered, sent by this visitor's browser."""
    sent = read_page(200, path, html).form.sent("Save and continue")
    return [(name, visitor.csrf_token if name == "csrf_token" else value) for name, value in sent]
