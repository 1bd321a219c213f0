"""Where Stripe tells that something happened. What it says is checked for its signature, then looked up."""

import logging

from flask import Response, request

from consult.deps import counter, deps
from consult.payments.errors import CheckoutUnavailable
from consult.payments.gateway import BadSignature
from consult.payments.gateway_events import receive
from consult.web.security import csrf_free

from .feeds import hooks

_LARGEST = 256 * 1024
_log = logging.getLogger("consult.web")


@hooks.post("/webhooks/stripe")
@csrf_free
def stripe_event() -> Response:
    """200 also for what does not concern us, or Stripe would send it again for days; 503 is to have it sent
    again.
    """
    request.max_content_length = _LARGEST
    gateway = deps().ports.gateway
    try:
        event = gateway.parse_webhook(request.get_data(), dict(request.headers))
    except BadSignature as error:
        return _say(400, str(error))
    if event.livemode != gateway.livemode:
        _log.error("event %s is of the other mode, live or test, than the key", event.event_id)
        return _say(200, "other mode")
    try:
        receive(counter().till(), event, deps().now())
    except CheckoutUnavailable:
        return _say(503, "cannot ask now")
    return _say(200, "ok")


def _say(status: int, text: str) -> Response:
    return Response(f"{text}\n", status=status, content_type="text/plain")
