"""That the double does what its users rely on, asked through the real SDK."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
import stripe as sdk

from consult.core.clock import FixedClock

from .account import API_VERSION
from .cards import Card
from .server import API_KEY, Double

MINUTE = 60


@pytest.fixture
def client(double: Double) -> sdk.StripeClient:
    return sdk.StripeClient(API_KEY, stripe_version=API_VERSION, base_addresses={"api": double.url})


@pytest.fixture
def params(clock: FixedClock) -> dict:
    price = {"currency": "usd", "unit_amount": 9000, "product_data": {"name": "Thing"}}
    return {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],
        "success_url": "https://shop.example/paid",
        "cancel_url": "https://shop.example/back",
        "expires_at": int(clock().timestamp()) + 30 * MINUTE,
        "payment_intent_data": {"metadata": {"order": "7"}},
    }


@pytest.fixture
def sessions(client: sdk.StripeClient) -> sdk.checkout.SessionService:
    return client.v1.checkout.sessions


@pytest.fixture
def refused(sessions, params) -> Callable[..., sdk.StripeError]:
    def ask(**changes: object) -> sdk.StripeError:
        with pytest.raises(sdk.InvalidRequestError) as refusal:
            sessions.create({**params, **changes})
        return refusal.value

    return ask


def test_the_sdk_under_test_is_pinned_to_the_version_the_double_speaks():
    assert sdk.api_version == API_VERSION


def test_what_is_paid_can_be_looked_up_down_to_the_charge(client, sessions, params, pay_at):
    session = sessions.create(params)
    assert session.payment_intent is None
    pay_at(session.id)
    seen = sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    intent = seen.payment_intent
    assert (seen.status, seen.payment_status, seen.url) == ("complete", "paid", None)
    assert (intent.status, intent.latest_charge.amount) == ("succeeded", 9000)
    assert intent.latest_charge.metadata["order"] == "7"
    assert client.v1.payment_intents.retrieve(intent.id).latest_charge == intent.latest_charge.id
    assert client.v1.charges.retrieve(intent.latest_charge.id).payment_intent == intent.id
    assert [found.id for found in sessions.list({"payment_intent": intent.id}).data] == [session.id]


def test_a_checkout_lives_from_half_an_hour_to_a_day(sessions, params, refused):
    now = params["expires_at"] - 30 * MINUTE
    for seconds in (30 * MINUTE, 24 * 60 * MINUTE):
        assert sessions.create({**params, "expires_at": now + seconds}).status == "open"
    for seconds in (30 * MINUTE - 1, 24 * 60 * MINUTE + 1):
        assert refused(expires_at=now + seconds).param == "expires_at"


def test_a_request_this_version_does_not_know_is_refused_by_name(refused):
    assert refused(payment_method_types=["card"]).code == "parameter_unknown"
    assert refused(expires_at="soon").param == "expires_at"
    no_currency = [{"quantity": 1, "price_data": {"unit_amount": 9000}}]
    assert refused(line_items=no_currency).param == "line_items[0][price_data][currency]"
    assert refused(automatic_tax={"enabled": True}).param == "automatic_tax"


def test_another_version_or_key_is_turned_away(double, params):
    old = sdk.StripeClient(API_KEY, stripe_version="2020-08-27", base_addresses={"api": double.url})
    with pytest.raises(sdk.InvalidRequestError):
        old.v1.checkout.sessions.create(params)
    stranger = sdk.StripeClient("sk_test_x", base_addresses={"api": double.url})
    with pytest.raises(sdk.AuthenticationError):
        stranger.v1.checkout.sessions.create(params)


def test_a_key_replays_its_first_answer_for_a_day_and_refuses_another_request(sessions, params, clock):
    first = sessions.create(params, {"idempotency_key": "k"})
    again = sessions.create(params, {"idempotency_key": "k"})
    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(sdk.IdempotencyError):
        sessions.create({**params, "client_reference_id": "other"}, {"idempotency_key": "k"})
    clock.advance(timedelta(days=1))
    later = {**params, "expires_at": int(clock().timestamp()) + 30 * MINUTE}
    assert sessions.create(later, {"idempotency_key": "k"}).id != first.id


def test_a_key_remembers_no_request_that_made_no_sense(sessions, params):
    with pytest.raises(sdk.InvalidRequestError):
        sessions.create({**params, "nonsense": 1}, {"idempotency_key": "k"})
    assert sessions.create(params, {"idempotency_key": "k"}).status == "open"


def test_lists_come_in_pages_newest_first(sessions, params):
    made = [sessions.create(params).id for _ in range(3)]
    page = sessions.list({"limit": 2})
    assert ([found.id for found in page.data], page.has_more) == ([made[2], made[1]], True)
    assert [found.id for found in sessions.list({"limit": 2}).auto_paging_iter()] == made[::-1]


def test_events_tell_what_happened_and_which_were_not_delivered(
    client,
    sessions,
    params,
    pay_at,
    double,
):
    session = sessions.create(params)
    pay_at(session.id)
    types = {"types": ["checkout.session.completed", "charge.succeeded"]}
    found = client.v1.events.list(types).data
    assert [event.type for event in found] == ["checkout.session.completed", "charge.succeeded"]
    assert client.v1.events.retrieve(found[0].id).data.object["id"] == session.id
    double.hooks.send = lambda _body, _headers: 200
    double.hooks.deliver(double.hooks.events("charge.succeeded")[0])
    waiting = client.v1.events.list({**types, "delivery_success": False}).data
    assert [event.type for event in waiting] == ["checkout.session.completed"]


def test_a_disputed_charge_shows_the_money_leave_and_come_back(
    client,
    sessions,
    params,
    pay_at,
    double,
):
    session = sessions.create(params)
    pay_at(session.id, Card.DISPUTED)
    intent = sessions.retrieve(session.id).payment_intent
    [dispute] = client.v1.disputes.list({"payment_intent": intent}).data
    assert [moved.amount for moved in dispute.balance_transactions] == [-9000]
    with pytest.raises(sdk.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent})
    assert refusal.value.code == "charge_disputed"
    double.decide_disputes(won=True)
    won = client.v1.disputes.retrieve(dispute.id)
    assert (won.status, [moved.amount for moved in won.balance_transactions]) == ("won", [-9000, 9000])


def test_a_refund_is_found_again_and_never_exceeds_the_charge(client, sessions, params, pay_at):
    session = sessions.create(params)
    pay_at(session.id)
    intent = sessions.retrieve(session.id).payment_intent
    refund = client.v1.refunds.create({"payment_intent": intent, "amount": 4000})
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    for amount in (5001, 0):
        with pytest.raises(sdk.InvalidRequestError):
            client.v1.refunds.create({"payment_intent": intent, "amount": amount})
    client.v1.refunds.create({"payment_intent": intent})
    with pytest.raises(sdk.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent})
    assert refusal.value.code == "charge_already_refunded"


def test_the_pay_page_says_loudly_that_it_takes_no_money(sessions, params):
    page = requests.get(sessions.create(params).url, timeout=10).text
    assert "A DOUBLE OF STRIPE FOR TESTS – NO REAL MONEY" in page
    assert all(card in page for card in Card)
