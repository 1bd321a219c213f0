"""A page as a browser without JavaScript has it: what can be read, pressed and filled in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_UNREAD = {"head", "script", "style", "svg", "template"}
_BUTTONS = ("submit", "button", "image", "reset")

Answer = str | bool | Sequence[str] | Sequence[tuple[str, int]] | dict[str, str | None]


@dataclass
class Control:
    """An input, select or textarea. `on` is whether it is ticked, always true where nothing can be."""

    name: str
    type: str
    value: str
    on: bool = True
    enabled: bool = True
    options: list[str] = field(default_factory=list)


@dataclass
class Form:
    action: str
    controls: list[Control] = field(default_factory=list)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What is written on a button -> the name and value it sends."""

    def named(self, name: str) -> list[Control]:
        return [control for control in self.controls if control.name == name and control.enabled]

    def value(self, name: str) -> str:
        """What the one text field or list of this name holds, or which of its radios is chosen."""
        return next((control.value for control in self.named(name) if control.on), "")

    def ticked(self, name: str) -> list[str]:
        return [control.value for control in self.named(name) if control.on]

    def choices(self, name: str) -> list[str]:
        return [value for control in self.named(name) for value in (control.options or [control.value])]

    def asks(self, name: str) -> bool:
        return name in self.ticked("shown")

    def fill(self, name: str, answer: Answer) -> None:
        """Answer one question as its controls allow. Raises AssertionError where the page does not."""
        if isinstance(answer, dict):
            self._tick(name, list(answer))
            self._fill_parts(
                {f"{name}-{option}-rating": rating for option, rating in answer.items() if rating}
            )
        elif isinstance(answer, str) and self.named(f"{name}-month"):
            year, month, day = answer.split("-")
            self._fill_parts({f"{name}-year": year, f"{name}-month": month, f"{name}-day": day})
        elif isinstance(answer, (str, bool)):
            self._write(name, answer)
        elif self.named(f"{name}-0-activity"):
            for row, (activity, score) in enumerate(answer):
                self._fill_parts({f"{name}-{row}-activity": activity, f"{name}-{row}-score": str(score)})
        else:
            self._tick(name, [str(option) for option in answer])

    def _fill_parts(self, parts: dict[str, str]) -> None:
        for name, text in parts.items():
            self._write(name, text)

    def sent(self, button: str) -> list[tuple[str, str]]:
        """Names and values as the browser sends them when this button is pressed."""
        name, value = self.buttons[button]
        pairs = [
            (control.name, control.value)
            for control in self.controls
            if control.name and control.enabled and control.on
        ]
        return [*pairs, (name, value)] if name else pairs

    def _write(self, name: str, answer: str | bool) -> None:
        controls = self.named(name)
        assert controls, f"there is no field {name} to fill in"
        if controls[0].type == "radio":
            self._tick(name, [str(answer)])
        elif controls[0].type == "checkbox":
            controls[0].on = bool(answer)
        else:
            options = controls[0].options
            assert not options or answer in options, f"{answer} is not in the list {name}"
            controls[0].value = str(answer)

    def _tick(self, name: str, answers: list[str]) -> None:
        controls = self.named(name)
        unknown = set(answers) - {control.value for control in controls}
        assert not unknown, f"{name} has no answers {unknown}"
        for control in controls:
            control.on = control.value in answers


@dataclass
class Page:
    """`errors` is the error summary: what it links to -> what it says. `links` are by their words."""

    status: int
    address: str
    html: str
    heading: str = ""
    title: str = ""
    text: str = ""
    links: dict[str, str] = field(default_factory=dict)
    forms: list[Form] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return self.address.partition("?")[0]

    def offers(self, button: str) -> bool:
        return any(button in form.buttons for form in self.forms)

    def form_with(self, button: str) -> Form:
        found = [form for form in self.forms if button in form.buttons]
        assert found, f"no button {button!r} on {self.address}: {self.heading}"
        return found[0]

    @property
    def form(self) -> Form:
        """The form in which the page asks for something: the last one, after a zone picker or the like."""
        assert self.forms, f"no form on {self.address}: {self.heading}"
        return self.forms[-1]


def read_page(status: int, address: str, html: str) -> Page:
    page = Page(status, address, html)
    _Reader(page).feed(html)
    page.text = _one_line(page.text)
    return page


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.open: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.form: Form | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag not in _VOID:
            self.open.append((tag, given))
        if tag in ("h1", "a", "button", "textarea", "title"):
            self.words.append("")
        if tag == "form":
            self.form = Form(urljoin(self.page.address, given.get("action") or self.page.address))
            self.page.forms.append(self.form)
        elif self.form is not None:
            self._control(tag, given)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        given: dict[str, str] = {}
        while self.open:
            closed, given = self.open.pop()
            if closed == tag:
                break
        if tag in ("h1", "a", "button", "textarea", "title"):
            self._said(tag, given, self.words.pop())
        if tag == "form":
            self.form = None

    def handle_data(self, data: str) -> None:
        if self.words:
            self.words[-1] += data
        tags = {tag for tag, _ in self.open}
        hidden = any("hidden" in given for _, given in self.open)
        if not tags & _UNREAD and not hidden:
            self.page.text += f"{data} "

    def _control(self, tag: str, given: dict[str, str]) -> None:
        assert self.form is not None
        name, enabled = given.get("name", ""), not self._disabled(given)
        if tag == "select":
            self.form.controls.append(Control(name, "select", "", enabled=enabled))
        elif tag == "option":
            select = self.form.controls[-1]
            select.options.append(given["value"])
            if "selected" in given or len(select.options) == 1:
                select.value = given["value"]
        elif tag == "textarea":
            self.form.controls.append(Control(name, "textarea", "", enabled=enabled))
        elif tag == "input" and given.get("type", "text") not in _BUTTONS:
            kind = given.get("type", "text")
            on = kind not in ("checkbox", "radio") or "checked" in given
            self.form.controls.append(Control(name, kind, given.get("value", ""), on, enabled))

    def _disabled(self, given: dict[str, str]) -> bool:
        return "disabled" in given or any(
            tag == "fieldset" and "disabled" in outer for tag, outer in self.open[:-1]
        )

    def _said(self, tag: str, given: dict[str, str], words: str) -> None:
        line = _one_line(words)
        if tag == "textarea" and self.form is not None:
            self.form.controls[-1].value = words.removeprefix("\n")
        elif tag == "button" and self.form is not None:
            self.form.buttons[line] = (given.get("name", ""), given.get("value", ""))
        elif tag == "h1":
            self.page.heading = line
        elif tag == "title":
            self.page.title = line
        elif tag == "a" and "href" in given:
            if any(outer.get("class") == "error-summary" for _, outer in self.open):
                self.page.errors[given["href"].removeprefix("#")] = line
            else:
                self.page.links.setdefault(line, urljoin(self.page.address, given["href"]))


def _one_line(text: str) -> str:
    return " ".join(text.split())
