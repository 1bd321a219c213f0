"""Terms, a last look, payment, and the way back from it."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking import checkout, commands
from consult.booking.journey import Step
from consult.booking.money import find_money
from consult.booking.pages import check_page, terms_page
from consult.booking.standing import Standing
from consult.deps import counter, deps
from consult.payments.errors import AlreadyPaid, CheckoutRefused, CheckoutUnavailable
from consult.scheduling.errors import HoldExpired
from consult.web.fields import PlainField
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .about_pages import page_of
from .visit import address, at, current_standing, onward, patient, posted, progress

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


@patient.get("/book/check")
@at(Step.CHECK)
def check(standing: Standing) -> ResponseReturnValue:
    d = deps()
    page = check_page(standing, d.now(), d.ports)
    rows = [
        (item.ask, words, url_for("patient.about_page", name=page_of(item.id), change=1), item.ask)
        for item, words in page.rows
    ]
    return render_template(
        "patient/check.html",
        page=page,
        rows=rows,
        money=find_money(d.session, standing.booking),
        step=progress(Step.CHECK),
    )


@patient.post("/book/pay")
@at(Step.CHECK)
def pay(standing: Standing) -> ResponseReturnValue:
    try:
        url = checkout.open_checkout(counter(), standing.booking.id)
    except HoldExpired:
        flash("hold_ran_out")
        return redirect(url_for("patient.choose_time"), code=303)
    except (CheckoutUnavailable, CheckoutRefused):
        flash("payment_unavailable")
        return redirect(url_for("patient.check"), code=303)
    except AlreadyPaid:
        flash("going_back")
        return redirect(url_for("patient.check"), code=303)
    return redirect(url, code=303) if url else onward(current_standing())


@patient.get("/book/paid")
def paid() -> ResponseReturnValue:
    """Back from the payment page. What it says is a hint: the gateway is asked."""
    return _back_from_payment(abandon=False)


@patient.get("/book/unpaid")
def unpaid() -> ResponseReturnValue:
    """Back without paying. The payment page is closed first; if it was paid after all, the visit stands."""
    return _back_from_payment(abandon=True)


def _back_from_payment(*, abandon: bool) -> ResponseReturnValue:
    standing = current_standing()
    if standing is None:
        return render_template("patient/lost_cookie.html")
    if standing.payment is not None and abandon:
        checkout.abandon(counter(), standing.payment.id, standing.booking.id)
    elif standing.payment is not None:
        checkout.settle(counter(), standing.payment.id)
    standing = current_standing()
    if standing and standing.facts.confirmed:
        return redirect(address(Step.CONFIRMED), code=303)
    if standing and not find_money(deps().session, standing.booking).going_back:
        flash(_came_back(standing, abandon))
    return onward(standing)


def _came_back(standing: Standing, abandon: bool) -> str:
    if not standing.facts.hold_live:
        return "hold_ran_out"
    return "not_charged" if abandon else "not_paid_yet"
