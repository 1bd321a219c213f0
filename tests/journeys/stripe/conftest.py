"""The same stories with Stripe's double behind the application."""

from collections.abc import Callable

import pytest

from tests.journeys.patient import Patient
from tests.stripe_double.fixtures import app, double, go_to_pay_page, pay_at, stripe  # noqa: F401 - fixtures

LATER = "2026-06-01T17:00:00+00:00"


@pytest.fixture
def checkout_id(patient: Patient, go_to_pay_page: Callable[[Patient], str]) -> str:  # noqa: F811
    """Of Rosa, who stands at Stripe's page."""
    patient.come_to_check(LATER)
    return go_to_pay_page(patient)
