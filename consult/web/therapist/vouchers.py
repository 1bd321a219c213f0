"""Promotion codes and packs of sessions: offered, ended, and what became of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking.voucher_desk import vouchers_page
from consult.core.errors import NotFound
from consult.core.given import Fault, read_day, read_number
from consult.core.money import Money
from consult.deps import deps
from consult.scheduling.editor.rules_checks import read_price
from consult.scheduling.models import SessionType
from consult.scheduling.queries import get_schedule, list_session_types
from consult.scheduling.wall_clock import day_start
from consult.vouchers import packs
from consult.vouchers import service as codes
from consult.vouchers.checks import GivenPromotion, check_pack, check_promotion
from consult.vouchers.models import PromotionCode, SessionPack
from consult.web.auth import therapist_only
from consult.web.security import redisplays

from .agenda import known_id, therapist
from .hours.form import HoursForm, save, typed

_ONE_DAY = timedelta(days=1)
_SWITCHED: dict[str, tuple[type[PromotionCode | SessionPack], str]] = {
    "codes": (PromotionCode, "code"),
    "packs": (SessionPack, "pack"),
}


@therapist.get("/vouchers")
@therapist_only
def vouchers() -> str:
    d = deps()
    return render_template(
        "therapist/vouchers.html", page=vouchers_page(d.session, d.now()), may_be_packed=_packable()
    )


@therapist.route("/vouchers/codes/new", methods=["GET", "POST"])
@redisplays
@therapist_only
def new_code() -> ResponseReturnValue:
    d, currency = deps(), _currency()
    if request.method == "GET":
        return _code_page(currency, {"kind": "percent"})
    given = _given_promotion(currency)

    def add() -> None:
        exists = codes.code_exists(d.session, given.code)
        codes.add_code(d.session, check_promotion(given, currency, exists=exists), d.now())

    faults = save(add, "code_added")
    return (_code_page(currency, typed(), faults), 422) if faults else _to_list()


@therapist.route("/vouchers/packs/new", methods=["GET", "POST"])
@redisplays
@therapist_only
def new_pack() -> ResponseReturnValue:
    d = deps()
    if request.method == "GET":
        return _pack_page({"sessions": "3"})
    chosen = next((row for row in _packable() if str(row.id) == request.form.get("type")), None)
    single = Money(chosen.price_minor, chosen.currency) if chosen else None
    price = read_price(request.form.get("price", ""), single.currency if single else _currency())
    sessions = read_number(request.form.get("sessions", ""))

    def add() -> None:
        facts = check_pack(sessions, price, single)
        if chosen is not None:
            packs.add_pack(d.session, chosen.id, facts, d.now())

    faults = save(add, "pack_added")
    return (_pack_page(typed(), faults), 422) if faults else _to_list()


@therapist.post("/vouchers/<kind>/<row_id>")
@therapist_only
def switch_voucher(kind: str, row_id: str) -> ResponseReturnValue:
    """A code ends or holds again, a pack is offered no more or again."""
    if kind not in _SWITCHED:
        raise NotFound
    table, word = _SWITCHED[kind]
    active, wanted = request.form.get("active") == "yes", known_id(row_id)
    save(
        lambda: codes.set_active(deps().session, table, wanted, active),
        f"{word}_active" if active else f"{word}_ended",
    )
    return _to_list()


def _to_list() -> ResponseReturnValue:
    return redirect(url_for("therapist.vouchers"), code=303)


def _given_promotion(currency: str) -> GivenPromotion:
    sent = request.form.get
    last = _day_of(sent("valid_until_on", ""))
    return GivenPromotion(
        code=sent("code", ""),
        kind=sent("kind", ""),
        percent=read_number(sent("percent", "")),
        amount=read_price(sent("amount", ""), currency),
        valid_from_at=_day_of(sent("valid_from_on", "")),
        valid_until_at=_start_of_next(last) if isinstance(last, datetime) else last,
        max_redemptions=read_number(sent("max_redemptions", "")),
    )


def _day_of(text: str) -> datetime | str | None:
    """Where this day begins for the therapist; None for none, the text where it is no day."""
    day = read_day(text)
    if isinstance(day, str):
        return None if day == "" else day
    return day_start(day, _zone())


def _start_of_next(start_at: datetime) -> datetime:
    zone = _zone()
    return day_start(start_at.astimezone(zone).date() + _ONE_DAY, zone)


def _zone() -> ZoneInfo:
    return ZoneInfo(get_schedule(deps().session).zone)


def _offered() -> list[SessionType]:
    session = deps().session
    return list(list_session_types(session, get_schedule(session).id))


def _packable() -> list[SessionType]:
    """Kinds of session on offer that cost something."""
    return [row for row in _offered() if row.price_minor]


def _currency() -> str:
    return next((row.currency for row in _offered()), "usd")


def _code_page(currency: str, values: dict[str, str], faults: Sequence[Fault] = ()) -> str:
    return render_template(
        "therapist/vouchers_code.html", form=HoursForm(values, faults), currency=currency.upper()
    )


def _pack_page(values: dict[str, str], faults: Sequence[Fault] = ()) -> str:
    kinds = [
        {"id": str(row.id), "label": f"{row.name}, {Money(row.price_minor, row.currency)} each"}
        for row in _packable()
    ]
    return render_template("therapist/vouchers_pack.html", form=HoursForm(values, faults), kinds=kinds)
