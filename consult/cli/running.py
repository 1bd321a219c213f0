"""Serving, and the background worker that huey wakes."""

import signal
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

import click
from flask import Flask, current_app
from sqlalchemy import select
from waitress import serve as serve_wsgi

from consult.accounts.models import Account
from consult.booking.readiness import problem
from consult.booking.upkeep import Upkeep
from consult.core.clock import FixedClock, as_utc
from consult.deps import EXTENSION, counter, deps

from .alarm import PATIENCE_SECONDS, Alarm

ALARM = "consult_alarm"
_THREADS = 8
_CONNECTIONS = 1000


@click.command("serve")
def serve() -> None:
    """Serve the application on HOST:PORT with the worker beside it. Ctrl-C or SIGTERM ends both."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    settings = deps().settings
    _require_ready()
    _say_hello()
    # An open read would keep SQLite from ever emptying its write-ahead log.
    deps().sessions.remove()
    consumer = _alarm().consumer(partial(_look, app), signals=False)
    # Else SIGTERM would cut off a mail at hand, which then goes twice.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    thread = threading.Thread(target=consumer.run, name="worker", daemon=True)
    thread.start()
    with suppress(KeyboardInterrupt):
        serve_wsgi(
            app,
            host=settings.host,
            port=settings.port,
            threads=_THREADS,
            # Slow clients must not be able to use up the connections.
            connection_limit=_CONNECTIONS,
            # Else waitress takes X-Forwarded-For away before the application can read it.
            clear_untrusted_proxy_headers=settings.trusted_proxies == 0,
            ident="",
            _quiet=True,
        )
    consumer.stop(graceful=True)
    thread.join(timeout=PATIENCE_SECONDS)


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due, then end.")
@click.option("--now", "pretended", help="Pretend it is this time (ISO 8601, with zone). Not in production.")
def worker(once: bool, pretended: str | None) -> None:
    """Run everything periodic: payments asked about, holds ended, mail sent, drafts deleted."""
    _require_ready()
    if pretended:
        _pretend(pretended)
    if once:
        _upkeep().run_due()
        return
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    _alarm().consumer(partial(_look, app), signals=True).run()


def _require_ready() -> None:
    found = problem(deps().session.connection(), current_app.extensions["migrate"].directory)
    deps().sessions.remove()
    if found:
        raise click.ClickException(f"Not started: {found}")


def _look(app: Flask) -> None:
    with app.app_context():
        try:
            _upkeep().run_due()
        except Exception as error:
            # Huey would log the message as well, which may hold what a patient typed.
            app.logger.error("worker pass failed: %s", type(error).__name__)


def _alarm() -> Alarm:
    alarm: Alarm = current_app.extensions[ALARM]
    return alarm


def _upkeep() -> Upkeep:
    return Upkeep(counter(), deps().mailer, deps().settings.mail_from)


def _pretend(text: str) -> None:
    if deps().settings.production:
        raise click.UsageError("--now is refused in production.")
    try:
        clock = FixedClock(as_utc(datetime.fromisoformat(text)))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--now") from error
    current_app.extensions[EXTENSION] = replace(deps(), clock=clock)


def _say_hello() -> None:
    settings = deps().settings
    email = deps().session.scalar(select(Account.email).limit(1))
    click.echo(f"Patients:  {settings.public_url}/")
    click.echo(f"Therapist: {settings.public_url}/login  as {email or 'nobody yet: flask therapist create'}")
    if settings.smtp_url:
        click.echo("Mail:      by SMTP")
    else:
        reader = "" if settings.production else f", readable at {settings.public_url}/mail"
        click.echo(f"Mail:      files in {settings.data / 'mail'}{reader}")
    click.echo("Ctrl-C ends everything.")
