"""HTTP in, one call, a page out. With `cli`, the only place that knows Flask and opens transactions."""

from flask import Flask, abort, current_app, g, request

from consult.booking.money.mode import mode_of
from consult.core.errors import NotFound
from consult.deps import deps
from consult.practice.service import get_who
from consult.receipts.facts import Mode
from consult.scheduling.guards import guards_present

from .assets import init_assets
from .auth import init_auth
from .body_chart import load_body_chart
from .cookies import CookieSessions
from .development import development
from .errors import init_errors
from .filters import init_filters
from .hooks.embed import embedded_times  # noqa: F401 - registers on `hooks`
from .hooks.feeds import answer_unchanged_first, hooks
from .hooks.health import healthz  # noqa: F401
from .hooks.stripe import stripe_event  # noqa: F401
from .hooks.times import free_times  # noqa: F401
from .hooks.twilio import twilio_message  # noqa: F401
from .limits import init_limits
from .patient import about, changes, checkout, demo_pay, home, intake, private_page, recheck, screen, times  # noqa: F401
from .patient.calendar_address import calendar_address  # noqa: F401
from .patient.check import pay  # noqa: F401 - registers on `patient`
from .patient.earlier import earlier_times  # noqa: F401
from .patient.email_code import email  # noqa: F401
from .patient.mail_wishes import mail_wishes  # noqa: F401
from .patient.receipts import receipt  # noqa: F401
from .patient.text_messages import text_messages  # noqa: F401
from .patient.time_zone import time_zone  # noqa: F401
from .patient.visit import patient
from .patient.visit_page import visit_page  # noqa: F401
from .security import init_security
from .therapist import (  # noqa: F401
    calendars,
    embed,
    form,
    handout,
    invitations,
    mails,
    money,
    money_refund,
    past,
    release,
    vouchers,
)
from .therapist import changes as desk_changes  # noqa: F401
from .therapist.agenda import therapist
from .therapist.feed import calendar  # noqa: F401
from .therapist.hours import days, overview, rules, sessions, week, why  # noqa: F401

_GUARDED = "consult_guard_seen"
_ALWAYS = ("hooks.healthz", "hooks.readyz", "static")


def init_web(app: Flask, payment_hosts: tuple[str, ...]) -> None:
    """Blueprints, headers, error pages, what every template knows. `payment_hosts` as in `init_security`."""
    app.session_interface = CookieSessions()
    init_security(app, payment_hosts)
    init_assets(app)
    init_filters(app)
    init_errors(app)
    init_auth(app)
    app.register_blueprint(patient)
    app.register_blueprint(therapist)
    app.register_blueprint(hooks)
    with app.app_context():
        settings = deps().settings
    if not settings.production and settings.smtp_url is None:
        app.register_blueprint(development)
    init_limits(app, settings)
    answer_unchanged_first(app)
    app.jinja_env.globals["chart"] = load_body_chart()

    app.before_request(_refuse_without_guard)

    @app.context_processor
    def _every_page() -> dict[str, object]:
        ports = deps().ports
        mode = mode_of(ports.gateway.name, ports.gateway.livemode)
        return {
            **_who(),
            "demo_payments": mode is Mode.DEMO,
            "test_payments": mode is Mode.TEST,
            "forms_draft": ports.catalogue.is_draft,
            "now": deps().now(),
        }


def _refuse_without_guard() -> None:
    """No page is served from a database that would take two bookings for one hour; asked until it is so."""
    if request.endpoint in _ALWAYS or current_app.extensions.get(_GUARDED):
        return
    if not guards_present(deps().session.connection()):
        abort(503)
    current_app.extensions[_GUARDED] = True


def _who() -> dict[str, object]:
    """Practice, therapist and states for every page; blank before the practice is set up."""
    if "who" not in g:
        session = deps().session
        try:
            practice, person = get_who(session)
        except NotFound:
            g.who = {
                "practice": {"name": "Online consultation", "phone": ""},
                "therapist": None,
                "states": [],
            }
        else:
            g.who = {
                "practice": practice,
                "therapist": person,
                "states": state_names(practice.licensed_states),
            }
    return g.who  # type: ignore[no-any-return]


def state_names(ids: list[str]) -> list[str]:
    """The names of these states, as the form has them."""
    options = deps().ports.catalogue.questionnaire.items["pt_state"].options
    return [option.label for option in options if option.id in ids]
