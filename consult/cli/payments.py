"""Money held against the gateway, by hand."""

import sys

import click

from consult.deps import counter, deps
from consult.payments.alerts import INFORMATION, open_alerts
from consult.payments.gateway import GatewayDown, GatewayRefused
from consult.payments.reconciler import LOOKS_BACK, Report, reconcile

payments = click.Group("payments", help="Hold the payments kept here against the gateway's.")
_NEEDS_A_PERSON = 1


@payments.command("reconcile")
def reconcile_now() -> None:
    """Do now what the worker does once a day: fetch what was missed, compare the ledger, raise alerts.

    Ends with 1 when something waits for a person, or when not everything could be looked at.
    """
    d = deps()
    gateway = d.ports.gateway
    try:
        report = reconcile(counter().till(), d.ports.links.payment_return(), d.now())
    except (GatewayDown, GatewayRefused) as error:
        raise click.ClickException(f"The gateway gave no list, so nothing was compared: {error}") from error
    mode = "real money" if gateway.livemode else "no real money"
    click.echo(f"{gateway.name} ({mode}), payments of the last {LOOKS_BACK.days} days:")
    _say(report)
    d.sessions.remove()
    waiting = [alert for alert in open_alerts(d.session) if alert.kind not in INFORMATION]
    for alert in waiting:
        about = f"payment {alert.payment_id}" if alert.payment_id else "no payment of ours"
        click.echo(f"needs a person: {alert.kind}, {about}, {alert.gateway_ref or 'no reference'}")
    if waiting or report.unanswered or report.undigested:
        sys.exit(_NEEDS_A_PERSON)
    click.echo("nothing needs a person")


def _say(report: Report) -> None:
    click.echo(f"{report.checkouts} checkouts compared")
    if report.missed_events:
        click.echo(f"{report.missed_events} events had not reached the webhook, and were dealt with")
    if report.news:
        click.echo(f"{report.news} payments brought up to date")
    if report.unanswered:
        click.echo(f"{report.unanswered} could not be asked about; they are tried again in an hour")
    if report.undigested:
        click.echo(f"{report.undigested} could not be taken in; see the log")
