"""Paying at a page like Stripe's, which is the double's: another origin, in a real browser.

The site is told by webhooks over HTTP, as in earnest, while the browser is on its way back.
"""

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from playwright.sync_api import ConsoleMessage, Page, Request, expect
from pytest_playwright.pytest_playwright import CreateContextCallback
from werkzeug.serving import WSGIRequestHandler, make_server

from consult.app import create_app
from consult.booking import commands
from consult.booking.tokens import read_token
from consult.core.clock import system_clock
from consult.deps import counter, deps
from consult.scheduling.queries import find_slots
from consult.settings import Settings
from tests.browser.booking import expect_heading, expect_said
from tests.browser.money_states import Practice
from tests.browser.visitor import NARROWEST, PATIENCE_MS, THERAPIST_EMAIL, THERAPIST_PASSWORD, Visitor
from tests.service.booking.conftest import Desk
from tests.stripe_double import Double
from tests.stripe_double.cards import Card
from tests.stripe_double.server import API_KEY, SECRET, running_double
from tests.stripe_double.webhooks import over_http

pytestmark = pytest.mark.browser

TO_PAYMENT = re.compile("^Go to payment of")
THERAPISTS = {
    "vouchers": "/therapist/vouchers",
    "vouchers-code": "/therapist/vouchers/codes/new",
    "vouchers-pack": "/therapist/vouchers/packs/new",
    "money-receipts": "/therapist/money/receipts",
}


@dataclass(frozen=True)
class Shop:
    """The site, and who takes its money."""

    address: str
    app: Flask
    double: Double

    def ready_to_pay(self) -> str:
        """The cookie of somebody to whom nothing is left but to pay."""
        with self.app.app_context():
            desk = Desk(counter())
            booking = desk.screened()
            day = system_clock().date()
            [slot, *_] = find_slots(desk.session, booking.session_type_id, day, 30, desk.now, "Etc/UTC")
            desk.hold(booking, slot.start_at)
            desk.tell_about(booking)
            desk.do(commands.agree, desk.fresh(booking))
            token = read_token(desk.fresh(booking), deps().ports.sealer)
        serializer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        return str(serializer.dumps({"visit": token}))


class Payer(Visitor):
    """A visitor who may also go to the double's page."""

    def __init__(self, page: Page, shop: Shop, photos: Path) -> None:
        self.shop = shop
        super().__init__(page, shop.address, photos, scripts=True)

    def open(self, path: str) -> None:
        """Of the shop, or a whole address."""
        self.page.goto(path if path.startswith("http") else f"{self.shop.address}{path}")

    def pay(self, card: str) -> None:
        self.page.get_by_label("Test card").select_option(card)
        self.press("Pay")

    def expect_pay_page(self) -> None:
        expect(self.page).to_have_url(re.compile(f"^{re.escape(self.shop.double.url)}/c/pay/"))
        expect(self.page.locator("body")).to_contain_text("Online appointment")

    def _hear(self, message: ConsoleMessage) -> None:
        """The double has no icon."""
        if not message.location["url"].startswith(self.shop.double.url):
            super()._hear(message)

    def _ask(self, request: Request) -> None:
        if not request.url.startswith(f"{self.shop.double.url}/"):
            super()._ask(request)


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """A secret address must not be printed, here neither."""


@pytest.fixture(scope="module")
def shop(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_double(system_clock) as double, socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        environ = {
            "CONSULT_DATA": str(tmp_path_factory.mktemp("shop")),
            "PUBLIC_URL": address,
            "DEMO_THERAPIST_PASSWORD": THERAPIST_PASSWORD,
            "STRIPE_SECRET_KEY": API_KEY,
            "STRIPE_WEBHOOK_SECRETS": SECRET,
            "STRIPE_API_BASE": double.url,
        }
        app = create_app(Settings.from_environ(environ))
        with app.app_context():
            for command in (["db", "upgrade"], ["seed-demo"]):
                app.test_cli_runner().invoke(args=command, catch_exceptions=False)
        double.hooks.send, double.hooks.automatic = over_http(f"{address}/webhooks/stripe"), True
        server = make_server(
            "127.0.0.1", port, app, threaded=True, request_handler=_Quiet, fd=listening.fileno()
        )
        thread = Thread(target=server.serve_forever, name="shop")
        thread.start()
        yield Shop(address, app, double)
        server.shutdown()
        thread.join()
        server.server_close()
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def payer(shop: Shop, new_context: CreateContextCallback, photos: Path) -> Iterator[Payer]:
    """Somebody on a phone, one button away from Stripe's page."""
    context = new_context(viewport={"width": 390, "height": 844}, locale="en-US")
    context.set_default_timeout(PATIENCE_MS)
    context.add_cookies([{"name": "consult", "value": shop.ready_to_pay(), "url": shop.address}])
    payer = Payer(context.new_page(), shop, photos)
    payer.open("/book/check")
    yield payer
    payer.check_faults()


@pytest.fixture
def charges(shop: Shop) -> Callable[[], int]:
    """How often money was taken since the test began."""
    before = len(shop.double.account.of_kind("charge"))
    return lambda: len(shop.double.account.of_kind("charge")) - before


def test_a_declined_card_a_failed_question_of_the_bank_and_then_the_money(
    payer: Payer, charges: Callable[[], int]
) -> None:
    payer.press(TO_PAYMENT)
    payer.expect_pay_page()
    payer.pay(Card.DECLINED)
    expect(payer.page.get_by_role("alert")).to_contain_text("declined")
    payer.pay(Card.AUTHENTICATES_3DS2)
    payer.press("Fail")
    expect(payer.page.get_by_role("alert")).to_contain_text("declined")
    assert charges() == 0
    payer.pay(Card.AUTHENTICATES_3DS2)
    payer.press("Complete")
    expect_heading(payer, "You're booked")
    payer.see("booked")
    assert charges() == 1


def test_the_browsers_back_button_leads_back_to_the_same_payment(
    payer: Payer, charges: Callable[[], int]
) -> None:
    payer.press(TO_PAYMENT)
    pay_page = payer.page.url
    payer.page.go_back()
    expect(payer.page).to_have_url(re.compile("/book/check$"))
    payer.press(TO_PAYMENT)
    expect(payer.page).to_have_url(pay_page)
    payer.pay(Card.PAYS)
    expect_heading(payer, "You're booked")
    payer.page.go_back()
    payer.page.go_forward()
    expect_heading(payer, "You're booked")
    assert charges() == 1


def test_going_back_unpaid_closes_the_page_and_one_may_pay_after_all(
    payer: Payer, charges: Callable[[], int]
) -> None:
    payer.press(TO_PAYMENT)
    pay_page = payer.page.url
    payer.follow("Back")
    expect_heading(payer, "You came back without paying")
    payer.see("unpaid")
    payer.press("Back to my booking")
    expect_said(payer, "Nothing was charged")
    payer.open(pay_page)
    expect(payer.page.locator("body")).to_contain_text("Nothing can be paid here")
    payer.open("/book/check")
    payer.press(TO_PAYMENT)
    payer.pay(Card.PAYS)
    expect_heading(payer, "You're booked")
    assert charges() == 1


def test_two_tabs_pay_once(payer: Payer, shop: Shop, photos: Path, charges: Callable[[], int]) -> None:
    other = Payer(payer.page.context.new_page(), shop, photos)
    other.open("/book/check")
    for tab in (payer, other):
        tab.press(TO_PAYMENT)
    assert payer.page.url == other.page.url
    payer.pay(Card.PAYS)
    expect_heading(payer, "You're booked")
    other.pay(Card.PAYS)
    expect(other.page.locator("body")).to_contain_text("Nothing can be paid here")
    other.open("/book/paid")
    expect_heading(other, "You're booked")
    other.check_faults()
    assert charges() == 1


def test_money_in_every_state_can_be_read_by_everybody(
    payer: Payer, shop: Shop, new_context: CreateContextCallback, photos: Path
) -> None:
    payer.page.set_viewport_size({"width": NARROWEST, "height": 720})
    payer.see("check-in-test-mode")
    payer.press(TO_PAYMENT)
    payer.pay(Card.BANK_DEBIT)
    expect_heading(payer, "Your payment is on its way")
    payer.see("processing", dark=True)
    with shop.app.app_context():
        practice = Practice(shop.app, shop.double)
        practice.fill()
    for name, page in practice.pages.items():
        payer.open(page)
        payer.see(name)
    for name in ("disputed", "pack-session"):
        payer.open(f"{practice.pages[name]}/cancel")
        payer.see(f"{name}-cancel")
    olivia = Payer(new_context(viewport={"width": 1280, "height": 800}).new_page(), shop, photos)
    olivia.open("/login")
    olivia.complete({"email": THERAPIST_EMAIL, "password": THERAPIST_PASSWORD}, "Sign in")
    for name, address in THERAPISTS.items():
        olivia.open(address)
        olivia.see(name, dark=name == "vouchers")
    olivia.open("/therapist/vouchers/codes/new")
    olivia.press("Add code")
    olivia.see_refused("vouchers-code-refused", "code", "percent")
