"""Somebody at a browser, and what they do there. All of it goes through the pages, as HTML without script."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import THERAPIST_EMAIL, THERAPIST_PASSWORD

from .page import Page, read_page

EARLIEST = "2026-06-01T14:00:00+00:00"
"""Ten o'clock in New York: the first time on offer at the clock all tests begin with."""

ABOUT: dict[str, Any] = {
    "pt_name": "Rosa Marin",
    "pt_dob": "1980-03-14",
    "pt_filler": "self",
    "pt_email": "rosa.marin@example.com",
    "pt_phone": "(555) 010-0123",
    "pt_state": "NY",
    "pt_place": "12 Example Street, Albany",
    "pt_ice": "Sam, (555) 010-0188",
    "pt_preg": "no",
}

INTAKE: dict[str, Any] = {
    "bm_regions": ["lowback_r", "buttock_r"],
    "bm_main": "lowback_r",
    "bm_spread": "stay",
    "st_dur": "w6",
    "st_onset": "slow",
    "st_course": "same",
    "st_now": "4",
    "st_worst": "7",
    "st_best": "0",
    "st_night": "ok",
    "fe_quality": ["ache", "stiff"],
    "fe_shoot": "no",
    "fe_numb": "no",
    "fe_weak": "no",
    "fe_groin": "no",
    "fe_stiff": "am_short",
    "fe_rom": "yes",
    "fe_tender": ["back"],
    "fe_swell": "no",
    "fe_muscle": ["none"],
    "fe_walk": "ok",
    "fe_comf": "no",
    "wb_worse": ["sit", "bend"],
    "wb_better": ["move"],
    "li_sit": "gt8",
    "li_active": "d2",
    "li_lift": "no",
    "li_repeat": "no",
    "li_smoke": "never",
    "li_daily": "5",
    "li_work": "Bookkeeper",
    "he_gen": ["none"],
    "he_cond": ["none"],
    "he_bone": ["none"],
    "he_steroid": "no",
    "he_thin": "no",
    "he_surg": "no",
    "he_nsaidall": "no",
    "tr_self": {"heatcold": "helped", "rest": "no_change"},
    "tr_meds": ["none"],
    "tr_ther": {"none": None},
    "tr_doc": "no",
    "tr_enough": "no",
    "go_act": [("Sitting through a meeting", 3), ("Putting on socks", 0)],
    "go_want": "To kneel in my garden again",
    "go_floor": "yes",
    "go_kneel": "yes",
    "co_emerg": True,
    "co_nodx": True,
    "co_tele": True,
    "co_priv": True,
    "co_true": True,
    "co_sign": "Rosa Marin",
    "rc_same": ["none"],
}


class Visitor:
    """A browser with its own cookies. Each step leaves the page it led to in `page`."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.page = Page(0, "/", "")

    def open(self, address: str) -> Page:
        return self._arrive(self.client.get(address, follow_redirects=True))

    def follow(self, words: str) -> Page:
        return self.open(self.page.links[words])

    def fill(self, **answers: Any) -> None:
        """Answer these questions of the page; every one must be there."""
        for name, answer in answers.items():
            self.page.form.fill(name, answer)

    def press(self, button: str = "Continue") -> Page:
        form = self.page.form_with(button)
        return self.send(form.action, form.sent(button))

    def send(self, address: str, pairs: list[tuple[str, str]]) -> Page:
        """Post names and values, whether or not any page would."""
        data: dict[str, list[str]] = {}
        for name, value in pairs:
            data.setdefault(name, []).append(value)
        return self._arrive(self.client.post(address, data=data, follow_redirects=True))

    def _arrive(self, response: TestResponse) -> Page:
        address = response.request.full_path.rstrip("?")
        html = response.text if response.mimetype == "text/html" else ""
        self.page = read_page(response.status_code, address, html)
        return self.page


class Patient(Visitor):
    """Somebody who wants to see Dr. Patel."""

    def pass_safety_check(self, *signs: str, **follow_ups: Any) -> Page:
        """From the front page; with signs, on to where their follow-up questions lead."""
        self.open("/")
        self.follow("Book an online session")
        self.fill(sc_main=signs or ["none"])
        self.press()
        if follow_ups:
            self.fill(**follow_ups)
            self.press()
        return self.page

    def choose_time(self, start: str = EARLIEST) -> Page:
        self.fill(start=start)
        return self.press("Continue with this time")

    def tell_about_myself(self, **changes: Any) -> Page:
        """Every page about the patient, from the one shown, with questions that open on the way."""
        return self._answer_pages("/book/about/", "Continue", ABOUT | changes)

    def agree(self) -> Page:
        self.fill(privacy=True, cancellation=True)
        return self.press()

    def come_to_check(self, start: str = EARLIEST, **about: Any) -> Page:
        """From the front page to the last look before paying."""
        self.pass_safety_check()
        self.choose_time(start)
        self.tell_about_myself(**about)
        return self.agree()

    def go_to_payment(self) -> Page:
        return self.press("Go to payment of $120.00")

    def pay(self) -> Page:
        return self.press("Pay with the demo card")

    def book(self, start: str = EARLIEST, **about: Any) -> str:
        """All of it; the private page's address, as the mail has it."""
        self.come_to_check(start, **about)
        self.go_to_payment()
        self.pay()
        assert self.page.path.startswith("/b/"), self.page.text
        return self.page.path

    def fill_in_intake(self, **changes: Any) -> Page:
        """Every topic from the one shown to the last look."""
        return self._answer_pages("/intake/", "Save and continue", INTAKE | changes)

    def send_intake(self, private_page: str, **changes: Any) -> Page:
        """From the private page through the whole form."""
        self.open(f"{private_page}/intake")
        self.fill_in_intake(**changes)
        return self.press("Send my answers")

    def _answer_pages(self, where: str, button: str, answers: dict[str, Any]) -> Page:
        for _ in range(30):
            if where not in self.page.path or not self.page.offers(button):
                return self.page
            asked = self.page.form.ticked("shown")
            self.fill(**{name: answer for name, answer in answers.items() if name in asked})
            self.press(button)
            assert not self.page.errors, f"{self.page.address}: {self.page.errors}"
        raise AssertionError(f"never left {self.page.address}")


class Therapist(Visitor):
    """Dr. Patel at her desk."""

    def sign_in(self, password: str = THERAPIST_PASSWORD) -> Page:
        self.open("/login")
        self.fill(email=THERAPIST_EMAIL, password=password)
        return self.press("Sign in")

    def read_summary(self, name: str) -> Page:
        self.open("/therapist")
        return self.follow(name)
