"""A lock on PostgreSQL is not waited for without end: the page says to come back, and nothing happened."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import create_engine, select

from consult.db import engine as engines
from consult.scheduling.models import Appointment, Schedule
from tests.bench.databases import Database
from tests.journeys.patient import EARLIEST, Patient


@pytest.mark.postgres
def test_who_waits_too_long_is_told_to_come_back_and_then_succeeds(
    make_app: Callable[..., Flask], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "LOCK_TIMEOUT", "50ms")
    url = Database("postgresql", postgres_url).new_url()
    patient = Patient(make_app(DATABASE_URL=url))
    patient.pass_safety_check()
    patient.fill(start=EARLIEST)
    form = patient.page.form_with("Continue with this time")
    sent = dict(form.sent("Continue with this time"))
    somebody_else = create_engine(url)

    with somebody_else.begin() as connection:
        # Should the page wait without end after all, this lock ends, and with it the test.
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '20s'")
        # As every claim takes it: a foreign key alone would not wait for this one.
        connection.execute(select(Schedule.id).with_for_update(key_share=True))
        busy = patient.client.post(form.action, data=sent)
        assert connection.execute(select(Appointment.id)).all() == []
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
    assert "Nothing is lost" in busy.text

    assert patient.client.post(form.action, data=sent).status_code == 303
    with somebody_else.connect() as connection:
        assert len(connection.execute(select(Appointment.id)).all()) == 1
    somebody_else.dispose()
