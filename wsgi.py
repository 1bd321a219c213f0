"""Where a server finds the application: `flask --app wsgi …`, or any WSGI server with `wsgi:app`."""

from dotenv import load_dotenv

from consult.app import create_app
from consult.intake.catalogue import FormFaults
from consult.settings import SettingsRefused

load_dotenv(".env")
try:
    app = create_app()
except (SettingsRefused, FormFaults) as refusal:
    raise SystemExit(f"Not started:\n{refusal}") from None
