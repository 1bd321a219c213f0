"""The last look before paying: what it costs, a code, a pack, and the button."""

import uuid
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import TooManyRequests

from consult.booking import checkout, vouchers
from consult.booking.changes.money import find_money
from consult.booking.free import FreeVisitBooked, confirm_free
from consult.booking.holds import EmailNotConfirmed, HeldTooLong
from consult.booking.journey import Step, may_enter
from consult.booking.models import Booking
from consult.booking.outside.looks import require_still_free
from consult.booking.pages import check_page
from consult.booking.standing import Standing
from consult.core.errors import ConsultError
from consult.core.local_time import day_words
from consult.core.money import Money
from consult.deps import counter, deps
from consult.payments.errors import AlreadyPaid, CheckoutRefused, CheckoutUnavailable
from consult.scheduling.errors import HoldExpired, SlotTaken
from consult.vouchers.packs import PackEnded, PackForOtherSession, PackUsedUp
from consult.vouchers.promotions import CodeEnded, CodeNotYetValid, CodeUsedUp, UnknownCode, WrongCurrency
from consult.web.fields import PlainField
from consult.web.form_values import seen_refund
from consult.web.limits import CHECKOUTS, FREE_VISITS, VOUCHERS_TRIED, is_spent, spend, wait_words
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .about_pages import page_of
from .checkout import is_processing
from .times import gone_meanwhile
from .visit import at, before_change, current_standing, onward, patient, progress, turned_away

_ONE = "one"

_REFUSED: dict[type[ConsultError], str] = {
    UnknownCode: "We don’t know this code. Please check its letters and digits.",
    CodeNotYetValid: "This code can be used from {}.",
    CodeEnded: "This code has ended.",
    CodeUsedUp: "This code has been used as often as it can be.",
    WrongCurrency: "This code is for another currency.",
    PackUsedUp: "No session of this pack is left.",
    PackEnded: "This pack was paid back, so it can’t be used any more.",
    PackForOtherSession: "This pack is for another kind of visit.",
    vouchers.CodeWithPack: "A pack has its own price. Choose one session to use a code.",
    vouchers.NothingToPay: "This visit is free, so there is nothing to take off.",
}

_NOT_NOW: dict[type[ConsultError], str] = {
    vouchers.PriceChanged: "price_changed",
    FreeVisitBooked: "free_visit_booked",
    HeldTooLong: "held_too_long",
    CheckoutUnavailable: "payment_unavailable",
    CheckoutRefused: "payment_unavailable",
    AlreadyPaid: "going_back",
}


@patient.get("/book/check")
@at(Step.CHECK)
def check(standing: Standing) -> ResponseReturnValue:
    if is_processing(standing):
        return redirect(url_for("patient.unpaid"), code=303)
    return _check_page(standing)


@patient.post("/book/pay")
@at(Step.CHECK)
def pay(standing: Standing) -> ResponseReturnValue:
    """The one button of the last look. Where it was pressed beside a choice not shown in its price yet, the
    price is shown first; for a price of nothing there is no payment at all.
    """
    spend(CHECKOUTS)
    booking = standing.booking
    wanted = request.form.get("pack")
    if wanted is not None and wanted != _chosen_pack(booking):
        return _choose_pack(standing, wanted)
    try:
        url = _book_or_open_payment(booking)
    except SlotTaken as refusal:
        return gone_meanwhile(current_standing() or standing, refusal.start_at)
    except HoldExpired:
        flash("hold_ran_out")
        return redirect(url_for("patient.choose_time"), code=303)
    except EmailNotConfirmed:
        return redirect(url_for("patient.email"), code=303)
    except tuple(_NOT_NOW) as refusal:
        flash(_NOT_NOW[type(refusal)])
        return redirect(url_for("patient.check"), code=303)
    return redirect(url, code=303) if url else onward(current_standing())


def _book_or_open_payment(booking: Booking) -> str | None:
    """The address of the payment page; None when the visit is booked, or paid for. Raises SlotTaken for an
    hour that the therapist has given to something else meanwhile, and what `checkout.open_checkout` and
    `free.confirm_free` raise.
    """
    require_still_free(counter(), booking.id)
    seen = _seen_price(booking)
    if booking.price_minor:
        return checkout.open_checkout(counter(), booking.id, seen)
    if seen not in (None, vouchers.price_of(booking)):
        # The button spoke of paying.
        raise vouchers.PriceChanged
    confirm_free(counter(), booking.id, confirmed_only=is_spent(FREE_VISITS))
    return None


@patient.post("/book/code")
@redisplays
@at(Step.CHECK)
def use_code(standing: Standing) -> ResponseReturnValue:
    typed = request.form.get("code", "").strip()
    if csrf_stale():
        return _check_page(standing, typed, [("main", STALE)])
    if not typed:
        return _check_page(standing, typed, [("code", "Type your code first.")])
    try:
        spend(VOUCHERS_TRIED)
    except TooManyRequests as refusal:
        html, _ = _check_page(
            standing, typed, [("code", f"Too many tries. Try again {wait_words(refusal)}.")]
        )
        return html, 429
    unpaid = before_change(standing)
    if unpaid is None or not may_enter(Step.CHECK, unpaid.facts):
        return turned_away(Step.CHECK, unpaid)
    d = deps()
    try:
        with d.transaction():
            vouchers.apply_code(d.session, unpaid.booking, typed, d.now(), d.ports)
    except tuple(_REFUSED) as refusal:
        return _check_page(unpaid, typed, [("code", _refused(refusal, unpaid.booking.zone))])
    flash("code_used")
    return redirect(url_for("patient.check"), code=303)


@patient.post("/book/code/remove")
@at(Step.CHECK)
def remove_code(standing: Standing) -> ResponseReturnValue:
    unpaid, d = before_change(standing), deps()
    if unpaid is None or not may_enter(Step.CHECK, unpaid.facts):
        return turned_away(Step.CHECK, unpaid)
    with d.transaction():
        vouchers.remove_code(d.session, unpaid.booking, d.now(), d.ports)
    flash("code_removed")
    return redirect(url_for("patient.check"), code=303)


def _choose_pack(standing: Standing, wanted: str) -> ResponseReturnValue:
    unpaid, d = before_change(standing), deps()
    if unpaid is None or not may_enter(Step.CHECK, unpaid.facts):
        return turned_away(Step.CHECK, unpaid)
    try:
        with d.transaction():
            pack_id = None if wanted == _ONE else _known_pack(wanted)
            vouchers.choose_pack(d.session, unpaid.booking, pack_id, d.now(), d.ports)
        flash("price_now")
    except vouchers.PackNotOffered:
        flash("pack_gone")
    return redirect(url_for("patient.check"), code=303)


def _known_pack(text: str) -> uuid.UUID:
    """Raises PackNotOffered for what is no id at all."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise vouchers.PackNotOffered from None


def _chosen_pack(booking: Booking) -> str:
    return str(booking.session_pack_id or _ONE)


def _seen_price(booking: Booking) -> Money | None:
    """What the page said is to be paid; None for a form that does not say."""
    seen = request.form.get("price")
    return None if seen is None else seen_refund(seen, booking.currency)


def _refused(refusal: ConsultError, zone: str) -> str:
    words = _REFUSED[type(refusal)]
    if isinstance(refusal, CodeNotYetValid):
        return words.format(day_words(refusal.valid_from_at.astimezone(ZoneInfo(zone)).date()))
    return words


def _check_page(
    standing: Standing, typed: str = "", errors: list[tuple[str, str]] | None = None
) -> tuple[str, int]:
    d, errors, booking = deps(), errors or [], standing.booking
    page, price = check_page(d.session, standing, d.now()), vouchers.price_to_pay(d.session, booking, d.now())
    rows = [
        (item.ask, words, url_for("patient.about_page", name=page_of(item.id), change=1), item.ask)
        for item, words in page.rows
    ]
    html = render_template(
        "patient/check.html",
        page=page,
        rows=rows,
        price=price,
        pack_rule="whole" if price.chosen else "session" if price.balance else None,
        pack_options=_pack_options(price),
        pack_field=PlainField("pack", _chosen_pack(booking)),
        code_field=PlainField("code", typed, [text for name, text in errors if name == "code"]),
        errors=errors,
        money=find_money(d.session, booking),
        step=progress(Step.CHECK),
    )
    return html, 422 if errors else 200


def _pack_options(price: vouchers.PriceToPay) -> list[dict[str, str]]:
    one = price.discount.to_pay if price.discount else price.list_price
    packs = [
        {
            "id": str(offer.pack_id),
            "label": f"{offer.sessions} sessions, {offer.price}"
            + (f" (you save {offer.saves})" if offer.saves.minor else ""),
        }
        for offer in price.offers
    ]
    return [{"id": _ONE, "label": f"This session, {one}"}, *packs]
