"""Terms, and the way back from the payment page."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking import checkout, commands
from consult.booking.changes.money import find_money
from consult.booking.journey import Step
from consult.booking.pages import terms_page
from consult.booking.standing import Standing
from consult.booking.vouchers import price_of
from consult.deps import counter, deps
from consult.payments.lifecycle import PaymentState
from consult.web.fields import PlainField
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .visit import (
    address,
    at,
    current_standing,
    onward,
    patient,
    posted,
    progress,
)

AGREEMENTS = {
    "privacy": "Tick the box to say that you have read how your answers are kept.",
    "cancellation": "Tick the box to accept the cancellation policy.",
}


@patient.route("/book/terms", methods=["GET", "POST"])
@redisplays
@at(Step.TERMS)
def terms(standing: Standing) -> ResponseReturnValue:
    d = deps()
    ticked = {name for name in AGREEMENTS if request.form.get(name) == "yes"}
    errors = [(name, message) for name, message in AGREEMENTS.items() if posted() and name not in ticked]
    if csrf_stale():
        errors.insert(0, ("main", STALE))
    if posted() and not errors:
        with d.transaction():
            commands.agree(d.session, standing.booking, d.now(), d.ports)
        return onward(current_standing())
    if standing.facts.agreed and not posted():
        ticked = set(AGREEMENTS)
    html = render_template(
        "patient/terms.html",
        page=terms_page(standing, d.now()),
        fields={
            name: PlainField(
                name,
                "yes" if name in ticked else None,
                [message for failed, message in errors if failed == name],
            )
            for name in AGREEMENTS
        },
        errors=errors,
        step=progress(Step.TERMS),
    )
    return (html, 422) if posted() else html


@patient.get("/book/paid")
def paid() -> ResponseReturnValue:
    """Back from the payment page. What it says is a hint: the gateway is asked."""
    standing = current_standing()
    if standing is None:
        return render_template("patient/lost_cookie.html")
    if standing.payment is not None:
        checkout.settle(counter(), standing.payment.id)
        standing = current_standing()
    if standing and is_processing(standing):
        return _processing_page(standing)
    return _after_payment(standing, "not_paid_yet")


@patient.get("/book/unpaid")
def unpaid() -> ResponseReturnValue:
    """Back without paying. Opening it changes nothing, since browsers open pages ahead of their readers, and
    the payment may go on in another tab.
    """
    standing = current_standing()
    if standing is None:
        return render_template("patient/lost_cookie.html")
    if not _left_unpaid(standing):
        return _after_payment(standing, "not_charged")
    if is_processing(standing):
        return _processing_page(standing)
    return render_template("patient/unpaid.html", standing=standing, price=price_of(standing.booking))


@patient.post("/book/unpaid")
def give_up_payment() -> ResponseReturnValue:
    """The payment page is closed first. If it was paid after all, the visit stands."""
    standing = current_standing()
    if standing is None:
        return render_template("patient/lost_cookie.html")
    if _left_unpaid(standing):
        payment_id = standing.payment.id if standing.payment else None
        checkout.abandon(counter(), payment_id, standing.booking.id)
        standing = current_standing()
    if standing and is_processing(standing):
        return redirect(url_for("patient.unpaid"), code=303)
    return _after_payment(standing, "not_charged")


def is_processing(standing: Standing) -> bool:
    """Whether the patient has done all they can to pay, and their bank has not: nothing can be taken back."""
    return standing.payment is not None and standing.payment.state is PaymentState.PROCESSING


def _processing_page(standing: Standing) -> str:
    return render_template("patient/processing.html", standing=standing, price=price_of(standing.booking))


def _left_unpaid(standing: Standing) -> bool:
    """Whether there is a payment page to close, or a time it kept that might be taken up again."""
    if standing.facts.confirmed or standing.payment is not None:
        return not standing.facts.confirmed
    session = deps().session
    money_back = find_money(session, standing.booking).going_back
    return (
        checkout.was_opened(session, standing.booking.id) and not standing.facts.hold_live and not money_back
    )


def _after_payment(standing: Standing | None, unpaid: str) -> ResponseReturnValue:
    if standing and standing.facts.confirmed:
        return redirect(address(Step.CONFIRMED), code=303)
    if standing and not find_money(deps().session, standing.booking).going_back:
        flash(unpaid if standing.facts.hold_live else "hold_ran_out")
    return onward(standing)
