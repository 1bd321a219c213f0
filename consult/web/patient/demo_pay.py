"""What stands in for other companies' pages in a demonstration: the payment page, the video room."""

from flask import abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from consult.deps import deps
from consult.payments.demo_gateway import DemoGateway
from consult.payments.gateway import GatewayRefused

from .visit import patient


@patient.get("/demo-pay/<checkout_id>")
def demo_checkout(checkout_id: str) -> ResponseReturnValue:
    checkout = _gateway().find_checkout(checkout_id)
    if checkout is None:
        abort(404)
    return render_template("patient/demo_pay.html", checkout=checkout)


@patient.post("/demo-pay/<checkout_id>")
def demo_answer(checkout_id: str) -> Response:
    gateway = _gateway()
    checkout = gateway.find_checkout(checkout_id)
    if checkout is None:
        abort(404)
    try:
        if request.form.get("answer") == "pay":
            gateway.pay(checkout_id, deps().now())
            return redirect(checkout.success_url, code=303)
        if request.form.get("answer") == "decline":
            gateway.decline(checkout_id, deps().now())
            return redirect(request.path, code=303)
    except GatewayRefused:
        return redirect(request.path, code=303)
    return redirect(checkout.cancel_url, code=303)


@patient.get("/demo-room/<room>")
def demo_room(room: str) -> ResponseReturnValue:
    _gateway()
    return render_template("patient/demo_room.html")


def _gateway() -> DemoGateway:
    gateway = deps().ports.gateway
    if not isinstance(gateway, DemoGateway):
        abort(404)
    return gateway
