"""The same practice on both databases, with Stripe's double behind it."""

from tests.journeys.conftest import make_app  # noqa: F401 - fixtures
from tests.stripe_double.fixtures import double  # noqa: F401 - fixtures
