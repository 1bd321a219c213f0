"""The same stories with Stripe's double behind the application."""

from tests.stripe_double.fixtures import app, double, go_to_pay_page, pay_at  # noqa: F401 - fixtures
