"""Keys for the operator's settings."""

import click

from consult.core.tokens import new_token
from consult.db.sealing import new_key

keys = click.Group("keys", help="Make keys for the settings.")


@keys.command("new")
def new() -> None:
    """Print a new SECRET_KEY and a new key for ENCRYPTION_KEYS."""
    click.echo(f"SECRET_KEY={new_token()}")
    click.echo(f"ENCRYPTION_KEYS={new_key()}")
