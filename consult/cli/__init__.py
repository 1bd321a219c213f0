"""The operator's commands: `flask --app wsgi …`."""

from flask import Flask

from .forms import forms
from .keys import keys
from .payments import payments
from .people import seed_demo, therapist
from .running import serve, worker


def init_cli(app: Flask) -> None:
    for command in (forms, keys, payments, seed_demo, serve, therapist, worker):
        app.cli.add_command(command)
