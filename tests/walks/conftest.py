"""The whole application with Stripe's double behind it."""

from tests.stripe_double.fixtures import app, double  # noqa: F401 - fixtures
