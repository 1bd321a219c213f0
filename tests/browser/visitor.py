"""Somebody at a browser, whose every page is photographed and examined, and every fault on the way kept."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urldefrag, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Error, Locator, Page, Request, Response, expect

THERAPIST_EMAIL = "olivia.patel@example.com"
THERAPIST_PASSWORD = "correct horse battery"

PATIENCE_MS = 15_000
NARROWEST = 320
_AXE = Axe()
# The size of targets (WCAG 2.2, 2.5.8) is a rule that axe has switched off.
_AXE_OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
_FOCUS_SHOWS = """() => {
  const focused = document.activeElement;
  return [focused, ...(focused.labels ?? [])].map((shown) => getComputedStyle(shown))
    .some((style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
}"""

expect.set_options(timeout=PATIENCE_MS)

Given = Mapping[str, str | Sequence[str]]


class Visitor:
    """`documents` are the addresses of the pages loaded so far, one for each time."""

    def __init__(self, page: Page, site: str, photos: Path, *, scripts: bool) -> None:
        self.page = page
        self.scripts = scripts
        self.documents: list[str] = []
        self._site = site
        self._photos = photos
        self._faults: list[str] = []
        self._console: list[ConsoleMessage] = []
        self._refused: set[str] = set()
        page.on("console", self._hear)
        page.on("pageerror", self._crash)
        page.on("response", self._receive)
        page.context.on("request", self._ask)

    def open(self, path: str) -> None:
        self.page.goto(path)

    def press(self, name: str | re.Pattern[str]) -> None:
        """The first button of that name, which sends a form; on to the page that comes."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=isinstance(name, str)).first.click()

    def follow(self, name: str) -> None:
        """The first link of that name, to another page."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=name, exact=True).first.click()

    def download(self, name: str) -> bytes:
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name=name, exact=True).click()
        return download.value.path().read_bytes()

    def control(self, question: str, value: str | None = None) -> Locator:
        return self.page.locator(f"main [name='{question}']" + (f"[value='{value}']" if value else ""))

    def is_asked(self, question: str) -> bool:
        control = self.control(question)
        return control.count() > 0 and bool(control.first.evaluate("control => control.checkVisibility()"))

    def answer(self, question: str, value: str | Sequence[str]) -> None:
        """By the name the question has in the form. Options are chosen by pressing their words."""
        kind = self.control(question).first.evaluate("control => control.type")
        for one in [value] if isinstance(value, str) else value:
            if kind in ("radio", "checkbox"):
                self._choose(self.control(question, one))
            elif kind == "select-one":
                self.control(question).select_option(one)
            else:
                self.control(question).fill(one)

    def complete(self, given: Given, button: str, *, photo: str | None = None) -> int:
        """Answer a page and send it; how many pages that took: with scripts one, without them one more for
        every answer that opens a question.
        """
        waiting, pages = dict(given), 0
        while waiting:
            here = self._answer_what_is_asked(waiting)
            assert here, f"none of {list(waiting)} is asked at {self.page.url}"
            assert not (self.scripts and waiting), f"{list(waiting)} did not open at {self.page.url}"
            pages += 1
            if photo:
                self.see(photo if pages == 1 else f"{photo}-more")
            self.press(button)
        return pages

    def tab_to(self, target: Locator) -> None:
        """By keyboard, with the focus always to be seen."""
        for _ in range(60):
            self.page.keyboard.press("Tab")
            assert self.page.evaluate(_FOCUS_SHOWS), f"focus does not show on {self._focused()}"
            if target.evaluate("target => target === document.activeElement"):
                return
        raise AssertionError(f"Tab never comes to {target}")

    def enter(self) -> None:
        """The key, where it leads to another page."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def see(self, name: str, *, dark: bool = False) -> None:
        """Photograph the page; nothing may stick out, be inaccessible, or have gone wrong until here."""
        expect(self.page.locator("h1")).to_have_count(1)
        if dark:
            self.page.emulate_media(color_scheme="dark")
            self._photograph(f"{name}-dark")
            self._examine()
            self.page.emulate_media(color_scheme="light")
        self._photograph(name)
        self.check_page()

    def check_page(self) -> None:
        """What `see` holds of a page, without the photograph, which takes most of the time."""
        self._examine()
        self._fits()
        self.check_faults()

    def see_refused(self, name: str, *questions: str) -> None:
        """The page again: on top what is wrong, with scripts in focus; the same words at each question."""
        expect(self.page).to_have_title(re.compile("^Error: "))
        summary = self.page.locator("[data-error-summary]")
        links = summary.get_by_role("link").all()
        assert [link.get_attribute("href") for link in links] == [f"#{question}" for question in questions]
        for question, link in zip(questions, links, strict=True):
            expect(self.page.locator(f"[id='{question}-error']")).to_contain_text(link.inner_text())
        if self.scripts:
            expect(summary).to_be_focused()
        self.see(name)

    def print_pages(self, name: str, paper: Literal["A4", "Letter"]) -> int:
        """Print to a PDF; how many sheets it takes."""
        pdf = self.page.pdf(path=self._photos / f"{name}-{paper}.pdf", format=paper)
        sheets = len(re.findall(rb"/Type\s*/Page\b", pdf))
        assert sheets > 0
        return sheets

    def check_faults(self) -> None:
        """Nothing may have gone wrong since the last time this was asked."""
        heard = [message for message in self._console if not self._tells_of_refusal(message)]
        faults = self._faults + [f"console at {message.location['url']}: {message.text}" for message in heard]
        self._faults, self._console = [], []
        assert not faults, "\n".join(faults)

    def _answer_what_is_asked(self, waiting: dict[str, str | Sequence[str]]) -> bool:
        """Takes from `waiting` what it could answer; with scripts an answer may open the next question."""
        asked = False
        for question in list(waiting):
            if self.is_asked(question):
                self.answer(question, waiting.pop(question))
                asked = True
        return asked

    def _choose(self, option: Locator) -> None:
        if not option.is_checked():
            self.page.locator(f"label[for='{option.get_attribute('id')}']:not(.region)").click()
        expect(option).to_be_checked()

    def _focused(self) -> object:
        return self.page.evaluate("document.activeElement.outerHTML.slice(0, 200)")

    def _photograph(self, name: str) -> None:
        number = len(list(self._photos.glob("*.jpg"))) + 1
        path = self._photos / f"{number:02d}-{name}.jpg"
        self.page.screenshot(path=path, type="jpeg", quality=80, full_page=True)

    def _examine(self) -> None:
        ids = self.page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
        twice = {one for one in ids if ids.count(one) > 1}
        assert not twice, f"{self.page.url} has more than one {twice}"
        if self.scripts:
            found = _AXE.run(self.page, options=_AXE_OPTIONS)
            assert found.violations_count == 0, f"{self.page.url}\n{found.generate_report()}"

    def _fits(self) -> None:
        size = self.page.viewport_size
        assert size is not None
        for width in (NARROWEST, size["width"]):
            self.page.set_viewport_size({"width": width, "height": size["height"]})
            wide = self.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{self.page.url} is {wide} px wide on a screen of {width} px"

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._console.append(message)

    def _crash(self, error: Error) -> None:
        self._faults.append(f"script at {self.page.url}: {error}")

    def _ask(self, request: Request) -> None:
        if not request.url.startswith(f"{self._site}/"):
            self._faults.append(
                f"asked {urlsplit(request.url).netloc or request.url[:80]} from {self.page.url}"
            )

    def _receive(self, response: Response) -> None:
        if response.status >= 500:
            self._faults.append(f"{response.status} at {response.url}")
        if response.request.is_navigation_request():
            self.documents.append(response.url)
            if 400 <= response.status < 500:
                self._refused.add(urldefrag(response.url).url)

    def _tells_of_refusal(self, message: ConsoleMessage) -> bool:
        """Chromium calls it an error when a page itself came with a 4xx status."""
        address = urldefrag(message.location["url"]).url
        return bool(_REFUSED.match(message.text)) and address in self._refused
