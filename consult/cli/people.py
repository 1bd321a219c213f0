"""Setting up the practice: the therapist, or a whole demonstration."""

import secrets

import click

from consult.accounts import service as accounts
from consult.accounts.roles import Role
from consult.accounts.service import PasswordTooShort
from consult.deps import deps
from consult.scheduling.zones import UnknownZone, canonical

from .demo import seed
from .practice_setup import add_practice, is_set_up

therapist = click.Group("therapist", help="The therapist's account.")


@therapist.command("create")
@click.option("--name", prompt="Name, as patients see it")
@click.option("--email", prompt="E-mail")
@click.option("--zone", prompt="Time zone, such as America/New_York")
@click.password_option()
def create(name: str, email: str, zone: str, password: str) -> None:
    """Set up the practice with its therapist and ordinary office hours, to be changed later."""
    d = deps()
    if is_set_up(d.session):
        raise click.ClickException("There is a therapist already.")
    try:
        with d.transaction():
            therapist_id = add_practice(d.session, name=name, zone=canonical(zone), email=email, now=d.now())
            accounts.add_account(
                d.session,
                email=email,
                password=password,
                role=Role.THERAPIST,
                therapist_id=therapist_id,
                now=d.now(),
            )
    except UnknownZone as error:
        raise click.ClickException(f"Unknown time zone: {error.name}") from error
    except PasswordTooShort as error:
        raise click.ClickException(f"The password needs at least {error.shortest} characters.") from error
    click.echo(f"{name} can sign in as {email}.")


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
    email = seed(d, password)
    click.echo(f"Demonstration data is in. Sign in as {email} with the password {password}")
    if not d.settings.demo_therapist_password:
        click.echo("The password is shown only now; set DEMO_THERAPIST_PASSWORD to choose your own.")
