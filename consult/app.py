"""The composition root: settings -> adapters -> blueprints -> error table -> commands. Only this module names
concrete adapters.
"""

import os
from functools import cache
from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from werkzeug.middleware.proxy_fix import ProxyFix

import consult.receipts.models  # noqa: F401
from consult.booking.ports import Links, Ports
from consult.cli import init_cli
from consult.cli.alarm import Alarm
from consult.cli.running import ALARM
from consult.core.clock import Clock, system_clock
from consult.db.base import Base
from consult.db.engine import prepare_postgresql, prepare_sqlite
from consult.db.sealing import Sealer, parse_key
from consult.deps import EXTENSION, Deps
from consult.intake.catalogue import load_catalogue
from consult.intake.files.worked_patients import load_worked_patients
from consult.intake.library import FormLibrary
from consult.intake.worked_patients import WorkedPatient
from consult.notifications.after_commit import ring_after_commit
from consult.notifications.mailer import FileMailer, Mailer, SmtpMailer
from consult.notifications.numbers import require_phonenumbers
from consult.notifications.texter import FileTexter, Texter
from consult.payments.demo_gateway import DemoGateway
from consult.payments.gateway import Gateway
from consult.payments.stripe_gateway import PAY_PAGE_ORIGIN, StripeGateway
from consult.settings import Settings, SettingsRefused
from consult.web import init_web

ROOT = Path(__file__).parent.parent
FORMS = ROOT / "intake_forms"
TEMPLATES = ROOT / "templates"
MIGRATIONS = ROOT / "migrations"

_MEGABYTE = 1_000_000


def create_app(
    settings: Settings | None = None, *, clock: Clock = system_clock, forms: Path = FORMS
) -> Flask:
    """The whole application, with the form files of this folder. Raises SettingsRefused or FormFaults rather
    than start on something unsafe.
    """
    settings = settings or Settings.from_environ(os.environ)
    app = Flask("consult", template_folder=str(TEMPLATES), static_folder=str(ROOT / "consult/web/static"))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},
        SESSION_COOKIE_NAME="__Host-consult" if settings.secure_cookies else "consult",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        TRUSTED_HOSTS=list(settings.trusted_hosts),
        MAX_CONTENT_LENGTH=_MEGABYTE,
        PREFERRED_URL_SCHEME="https" if settings.secure_cookies else "http",
    )
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = SQLAlchemy(metadata=Base.metadata, disable_autonaming=True)
    database.init_app(app)
    with app.app_context():
        engine = database.engine
        if engine.dialect.name == "sqlite":
            prepare_sqlite(engine)
        else:
            prepare_postgresql(engine)
        gateway = _gateway(settings, engine, clock)
    Migrate(app, database, directory=str(MIGRATIONS))

    ports = Ports(
        sealer=_sealer(settings),
        library=_library(forms),
        gateway=gateway,
        mail_templates=_mail_templates(),
        links=Links(settings.public_url, settings.video_url_template),
        organizer=settings.mail_from,
        texter=_texter(settings, clock),
    )
    app.extensions[EXTENSION] = Deps(
        settings=settings,
        engine=engine,
        sessions=database.session,
        clock=clock,
        ports=ports,
        mailer=_mailer(settings),
        worked_patients=_worked_patients(forms),
    )
    app.extensions[ALARM] = alarm = Alarm(settings.data, settings.redis_url)
    ring_after_commit(database.session, alarm.ring)
    init_web(app, _payment_hosts(settings))
    init_cli(app)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0
        )
    return app


@cache
def _library(forms: Path) -> FormLibrary:
    """Read once a process: the catalogue is frozen, and reading and checking it takes half a second."""
    return FormLibrary(load_catalogue(forms))


@cache
def _worked_patients(forms: Path) -> tuple[WorkedPatient, ...]:
    return load_worked_patients(forms, _library(forms).current)


def _gateway(settings: Settings, engine: Engine, clock: Clock) -> Gateway:
    if settings.stripe_secret_key is None:
        return DemoGateway(sessionmaker(engine), clock, f"{settings.public_url}/demo-pay")
    return StripeGateway(
        settings.stripe_secret_key,
        settings.stripe_webhook_secrets,
        clock,
        api_base=settings.stripe_api_base,
    )


def _payment_hosts(settings: Settings) -> tuple[str, ...]:
    """Where the button to pay leads, away from here."""
    if settings.stripe_secret_key is None:
        return ()
    return (settings.stripe_api_base or PAY_PAGE_ORIGIN,)


def _sealer(settings: Settings) -> Sealer:
    try:
        return Sealer([parse_key(key) for key in settings.encryption_keys])
    except ValueError as error:
        raise SettingsRefused([f"ENCRYPTION_KEYS cannot be used: {error}."]) from error


def _mailer(settings: Settings) -> Mailer:
    if settings.smtp_url:
        try:
            return SmtpMailer(settings.smtp_url)
        except ValueError as error:
            raise SettingsRefused(["SMTP_URL must be like smtp://user:password@host:587."]) from error
    return FileMailer(settings.data / "mail")


def _texter(settings: Settings, clock: Clock) -> Texter | None:
    """The packages for text messages are an extra of their own, so they are looked for only here."""
    account, token, sender = settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_from
    if not (settings.sms_demo or (account and token and sender)):
        return None
    try:
        require_phonenumbers()
        if not (account and token and sender):
            return FileTexter(settings.data / "text_messages", clock)
        from consult.notifications.twilio_texter import TwilioTexter
    except ImportError as error:
        command = "pip install --require-hashes -r requirements-sms.lock"
        raise SettingsRefused([f"Text messages need packages that are not installed: {command}"]) from error
    return TwilioTexter(account, token, sender, api_base=settings.twilio_api_base)


def _mail_templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
