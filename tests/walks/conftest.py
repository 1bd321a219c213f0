"""The whole application with Stripe's double behind it."""

from tests.journeys.conftest import make_app  # noqa: F401 - fixtures
from tests.stripe_double.fixtures import app, double  # noqa: F401 - fixtures
