"""The frame of free times, and the sites that may show it."""

from flask.testing import FlaskClient

from tests.journeys.patient import Patient, Therapist


def policy(client: FlaskClient) -> dict[str, str]:
    header = client.get("/embed/times").headers["Content-Security-Policy"]
    return dict(part.split(" ", 1) for part in header.split("; "))


def list_sites(therapist: Therapist, text: str) -> str:
    therapist.sign_in()
    therapist.open("/therapist/website")
    therapist.page.form_with("Save sites").fill("sites", text)
    return therapist.press("Save sites").text


def test_it_shows_the_first_days_by_the_therapists_clock_and_leads_to_booking(client: FlaskClient):
    response = client.get("/embed/times")
    page = response.get_data(as_text=True)
    assert response.status_code == 200
    assert "New York time" in page
    assert page.count("<dt>") == 3
    assert "Monday, June 1" in page
    assert "10:00 am, 10:30 am, 11:00 am" in page
    assert 'href="http://localhost/book" target="_top"' in page


def test_it_has_no_script_no_form_and_sets_no_cookie(client: FlaskClient):
    response = client.get("/embed/times")
    page = response.get_data(as_text=True)
    assert "Set-Cookie" not in response.headers
    assert "<script" not in page
    assert "<form" not in page
    assert "script-src" not in policy(client)


def test_a_time_somebody_chose_is_gone_from_it(client: FlaskClient, patient: Patient):
    patient.pass_safety_check()
    patient.choose_time("2026-06-01T14:00:00+00:00")
    page = client.get("/embed/times").get_data(as_text=True)
    assert "10:00 am" not in page.split("Tuesday")[0]


def test_until_she_lists_a_site_none_may_frame_it(client: FlaskClient, therapist: Therapist):
    assert policy(client)["frame-ancestors"] == "'none'"
    text = list_sites(therapist, "https://www.example.com/articles/back\n\nhttps://clinic.example:8443")
    assert "Saved." in text
    assert policy(client)["frame-ancestors"] == "https://www.example.com https://clinic.example:8443"
    assert "frame-ancestors 'none'" in client.get("/").headers["Content-Security-Policy"]


def test_what_is_no_site_is_refused_by_its_line_and_nothing_changes(
    client: FlaskClient, therapist: Therapist
):
    for text in (
        "http://plain.example",
        "https://*.example.com",
        "https://a.example 'unsafe-inline'",
        "https://a.example; script-src *",
        "https://user@a.example",
        "javascript://a.example",
        "a.example",
    ):
        shown = list_sites(therapist, f"https://good.example\n{text}")
        assert "is not the address of a site" in shown, text
        assert text[:20] in shown
        assert policy(client)["frame-ancestors"] == "'none'"


def test_too_many_sites_are_refused(client: FlaskClient, therapist: Therapist):
    text = "\n".join(f"https://s{number}.example.com" for number in range(21))
    assert "List at most 20 sites." in list_sites(therapist, text)
