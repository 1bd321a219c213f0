"""The same practice on both databases, with Stripe's double behind it."""

from tests.stripe_double.fixtures import double  # noqa: F401 - fixtures
