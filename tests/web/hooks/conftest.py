"""For events that Stripe sends."""

from tests.stripe_double.fixtures import double, go_to_pay_page, pay_at  # noqa: F401 - fixtures
