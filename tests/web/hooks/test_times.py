"""Free times as programs read them."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.journeys.patient import Patient


def test_left_open_it_is_a_week_of_the_first_session_type_by_the_therapists_clock(client: FlaskClient):
    response = client.get("/times.json")
    answer = response.json
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert (answer["zone"], answer["minutes"]) == ("America/New_York", 45)
    assert answer["slots"][:3] == ["2026-06-01T14:00:00Z", "2026-06-01T14:30:00Z", "2026-06-01T15:00:00Z"]
    days = {
        datetime.fromisoformat(slot).astimezone(ZoneInfo("America/New_York")).day for slot in answer["slots"]
    }
    assert days == {1, 2, 3, 4, 5}


def test_days_are_those_of_the_zone_asked_for(client: FlaskClient):
    answer = client.get("/times.json?from=2026-06-02&days=1&zone=Asia/Calcutta").json
    assert answer["zone"] == "Asia/Kolkata"
    starts = [datetime.fromisoformat(slot) for slot in answer["slots"]]
    assert min(starts) == datetime(2026, 6, 1, 18, 30, tzinfo=UTC)
    assert {start.astimezone(ZoneInfo("Asia/Kolkata")).day for start in starts} == {2}


def test_a_time_somebody_chose_is_not_among_them(client: FlaskClient, patient: Patient):
    before = client.get("/times.json?from=2026-06-02&days=1").json
    patient.pass_safety_check()
    patient.choose_time("2026-06-02T14:00:00+00:00")
    after = client.get(f"/times.json?from=2026-06-02&days=1&session_type={before['session_type']}").json
    assert set(before["slots"]) - set(after["slots"]) == {
        "2026-06-02T13:30:00Z",
        "2026-06-02T14:00:00Z",
        "2026-06-02T14:30:00Z",
    }


def test_before_today_and_beyond_the_horizon_there_are_none(client: FlaskClient):
    for day in ("0001-01-01", "2026-05-01", "2027-01-01", "9999-12-31"):
        response = client.get(f"/times.json?from={day}&days=7")
        assert (response.status_code, response.json["slots"]) == (200, [])


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("from=tomorrow", "from"),
        ("from=2026-02-30", "from"),
        ("from=20260601", "from"),
        ("days=0", "days"),
        ("days=43", "days"),
        ("days=1e1", "days"),
        ("days=%D9%A3", "days"),
        ("zone=Mars/Olympus", "zone"),
        ("zone=../../etc/passwd", "zone"),
        ("session_type=1", "session_type"),
    ],
)
def test_what_cannot_be_read_is_told_by_name(client: FlaskClient, query: str, word: str):
    response = client.get(f"/times.json?{query}")
    assert (response.status_code, response.headers["Content-Type"]) == (400, "application/json")
    assert response.json["error"].startswith(f"{word} must be ")


def test_a_session_type_not_on_offer_is_not_found(client: FlaskClient):
    response = client.get("/times.json?session_type=11111111-1111-4111-8111-111111111111")
    assert (response.status_code, response.json) == (404, {"error": "No such session type is on offer."})


def test_a_practice_not_set_up_offers_nothing(make_app: Callable[..., Flask]):
    app = make_app()
    with app.app_context(), app.extensions["sqlalchemy"].engine.begin() as connection:
        for table in ("availability_rule", "session_type", "schedule"):
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - names above
    assert app.test_client().get("/times.json").status_code == 404


def test_the_same_for_everybody_never_kept_and_not_for_other_origins(client: FlaskClient, patient: Patient):
    patient.pass_safety_check()
    own = patient.client.get("/times.json", headers={"Origin": "https://elsewhere.example"})
    assert own.data == client.get("/times.json").data
    assert "Set-Cookie" not in own.headers
    assert own.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in own.headers
