"""The real Stripe, in its test mode. No money moves, and nothing is asked without a key for it."""

import os

import pytest

from consult.core.clock import system_clock
from consult.payments.stripe_gateway import StripeGateway

KEY = "STRIPE_LIVE_TEST_KEY"


@pytest.fixture(scope="session")
def api_key() -> str:
    """A key of test mode; any other is refused before it is used."""
    key = os.environ.get(KEY, "")
    if not key:
        pytest.skip(f"{KEY} is not set: the real Stripe is not asked")
    require_test_key(key)
    return key


def require_test_key(key: str) -> None:
    if not key.startswith("sk_test_"):
        pytest.fail(f"{KEY} must be a secret key of test mode, sk_test_…", pytrace=False)


@pytest.fixture
def gateway(api_key: str) -> StripeGateway:
    return StripeGateway(api_key, [], system_clock)
