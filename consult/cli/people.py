"""Setting up the practice: the therapist, or a whole demonstration."""

import secrets

import click

from consult.accounts import service as accounts
from consult.accounts.roles import Role
from consult.accounts.service import PasswordRefused
from consult.core.money import Money
from consult.core.text import clean_text
from consult.deps import Deps, deps
from consult.notifications.message import InvalidAddress, plain_address
from consult.scheduling.zones import UnknownZone, canonical

from .demo import DEMO_EMAIL, DEMO_PRACTICE, add_patients
from .practice_setup import PracticeFacts, add_practice, is_set_up

_NAME_LIMIT, _PHONE_LIMIT = 120, 40

therapist = click.Group("therapist", help="The therapist's account.")


@therapist.command("create")
@click.option("--name", prompt="Name, as patients see it")
@click.option("--email", prompt="E-mail, to sign in with")
@click.option("--phone", prompt="Phone number that patients may call")
@click.option("--zone", prompt="Time zone, such as America/New_York")
@click.option("--states", prompt="States you may treat patients in, such as NY,NJ")
@click.option("--price", prompt="Price of a session in whole US dollars", type=click.IntRange(min=1))
@click.password_option()
def create(name: str, email: str, phone: str, zone: str, states: str, price: int, password: str) -> None:
    """Set up the practice with its therapist and ordinary office hours."""
    d = deps()
    if is_set_up(d.session):
        raise click.ClickException("There is a therapist already.")
    name, phone = _line("name", name, _NAME_LIMIT), _line("phone number", phone, _PHONE_LIMIT)
    facts = PracticeFacts(name, _zone(zone), phone, _states(states), Money(price * 100, "usd"))
    email = _address(email)
    _add(d, facts, email, password)
    click.echo(f"{name} can sign in as {email}.")


def _add(d: Deps, facts: PracticeFacts, email: str, password: str) -> None:
    try:
        with d.transaction():
            therapist_id = add_practice(d.session, facts, d.now())
            accounts.add_account(
                d.session,
                email=email,
                password=password,
                role=Role.THERAPIST,
                therapist_id=therapist_id,
                now=d.now(),
            )
    except PasswordRefused as error:
        raise click.ClickException(
            f"The password must have {error.shortest} to {error.longest} characters."
        ) from error


def _line(what: str, text: str, limit: int) -> str:
    line = clean_text(text, limit + 1)
    if not 1 <= len(line) <= limit:
        raise click.ClickException(f"The {what} must have 1 to {limit} characters.")
    return line


def _address(text: str) -> str:
    try:
        return plain_address(text.strip())
    except InvalidAddress as error:
        raise click.ClickException("That is not an e-mail address.") from error


def _zone(text: str) -> str:
    try:
        return canonical(text)
    except UnknownZone as error:
        raise click.ClickException(f"Unknown time zone: {error.name}") from error


def _states(text: str) -> list[str]:
    known = {option.id for option in deps().ports.catalogue.questionnaire.items["pt_state"].options}
    states = [part.strip().upper() for part in text.split(",") if part.strip()]
    unknown = [state for state in states if state not in known]
    if unknown or not states:
        raise click.ClickException(f"Unknown states: {', '.join(unknown) or 'none given'}")
    return states


@click.command("seed-demo")
@click.option("--if-empty", is_flag=True, help="Do nothing, quietly, when a practice is set up already.")
def seed_demo(if_empty: bool) -> None:
    """Fill an empty database with a demonstration: therapist, hours, prices, patients, visits, answers."""
    d = deps()
    if d.settings.production:
        raise click.ClickException("Demonstration data does not belong into production.")
    if is_set_up(d.session):
        if if_empty:
            return
        raise click.ClickException("There is a practice already; the demonstration needs an empty database.")
    password = d.settings.demo_therapist_password or secrets.token_urlsafe(9)
    _add(d, DEMO_PRACTICE, DEMO_EMAIL, password)
    add_patients(d)
    click.echo(f"Demonstration data is in. Sign in as {DEMO_EMAIL} with the password {password}")
    if not d.settings.demo_therapist_password:
        click.echo("The password is shown only now; set DEMO_THERAPIST_PASSWORD to choose your own.")
