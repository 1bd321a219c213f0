"""What monitors ask."""

from collections.abc import Callable

from flask import Flask


def test_healthz_answers_without_the_database(app: Flask):
    response = app.test_client().get("/healthz")
    assert (response.status_code, response.text) == (200, "ok\n")
    assert response.headers["Content-Type"].startswith("text/plain")


def test_not_ready_before_the_database_is_migrated(app: Flask):
    with app.app_context(), app.extensions["sqlalchemy"].engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    response = app.test_client().get("/readyz")
    assert response.status_code == 503
    assert "not migrated" in response.text


def test_ready_once_migrated_and_not_without_the_overlap_guard(app: Flask):
    with app.app_context():
        response = app.test_client().get("/readyz")
        assert (response.status_code, response.text) == (200, "ready\n")
        engine = app.extensions["sqlalchemy"].engine
        with engine.begin() as connection:
            names = connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).scalars()
            for name in list(names):
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
    response = app.test_client().get("/readyz")
    assert response.status_code == 503
    assert "overlapping" in response.text


def test_a_database_that_does_not_answer_is_not_ready_and_no_error(make_app: Callable[..., Flask], tmp_path):
    app = make_app()
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()
    for file in (tmp_path / "data").glob("consult.db*"):
        file.unlink()
    (tmp_path / "data" / "consult.db").mkdir()
    response = app.test_client().get("/readyz")
    assert (response.status_code, response.text) == (503, "the database does not answer\n")
    assert app.test_client().get("/healthz").status_code == 200
