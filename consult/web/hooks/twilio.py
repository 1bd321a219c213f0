"""Where Twilio hands on what somebody answered to a text message. Only STOP and START are looked at."""

from flask import Response, abort, request

from consult.deps import deps
from consult.notifications.text_consent import receive
from consult.notifications.texter import BadSignature
from consult.web.security import csrf_free

from .feeds import hooks

_LARGEST = 64 * 1024
_NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@hooks.post("/webhooks/twilio")
@csrf_free
def twilio_message() -> Response:
    """The same silence for every number, known or not: Twilio itself answers STOP, START and HELP."""
    request.max_content_length = _LARGEST
    d = deps()
    if d.ports.texter is None:
        abort(404)
    # Signed is the address as Twilio knows it, which behind a proxy is not the one that arrives here.
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    url = f"{d.settings.public_url}{request.path}{query}"
    signature = request.headers.get("X-Twilio-Signature", "")
    try:
        incoming = d.ports.texter.parse_incoming(url, request.form.to_dict(), signature)
    except BadSignature:
        abort(403)
    with d.transaction():
        receive(d.session, incoming, d.now(), d.ports.sealer)
    return Response(_NOTHING_TO_SAY, content_type="text/xml; charset=utf-8")
