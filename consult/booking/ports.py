"""What the process slice needs from outside, handed in by the composition root."""

from dataclasses import dataclass

from jinja2 import Environment

from consult.calendaring.outside.fetch import PUBLIC_WEB, Reach
from consult.core.tokens import digest
from consult.db.sealing import Sealer
from consult.intake.content import Catalogue
from consult.intake.library import FormLibrary
from consult.notifications.texter import Texter
from consult.payments.gateway import Gateway

_ROOM_LENGTH = 24


@dataclass(frozen=True)
class Links:
    """Absolute addresses for mails, calendars and the payment page. None holds a word about health."""

    public_url: str
    video_url_template: str = ""

    def video_room(self, token: str) -> str | None:
        """The room of one booking, which only those who know its token can name; None without video."""
        room = digest(f"video room of {token}")[:_ROOM_LENGTH]
        return self.video_url_template.replace("{room}", room) or None

    def private_page(self, token: str) -> str:
        return f"{self.public_url}/b/{token}"

    def visit_page(self, token: str) -> str:
        return f"{self.public_url}/v/{token}"

    def therapist_summary(self, booking_id: object) -> str:
        return f"{self.public_url}/therapist/bookings/{booking_id}"

    def therapist_money(self) -> str:
        return f"{self.public_url}/therapist/money"

    def therapist_calendars(self) -> str:
        return f"{self.public_url}/therapist/calendars"

    def book(self) -> str:
        return f"{self.public_url}/book"

    def embedded_times(self) -> str:
        return f"{self.public_url}/embed/times"

    def mail_wishes(self, token: str) -> str:
        return f"{self.public_url}/reminders/{token}"

    def calendar_address(self, token: str) -> str:
        return f"{self.public_url}/calendar/{token}"

    def feed(self, token: str) -> str:
        return f"{self.public_url}/cal/{token}.ics"

    def payment_return(self) -> str:
        return f"{self.public_url}/book/paid"

    def payment_back(self) -> str:
        return f"{self.public_url}/book/unpaid"

    @property
    def domain(self) -> str:
        return self.public_url.split("//", 1)[-1].split("/", 1)[0].split(":", 1)[0]


@dataclass(frozen=True)
class Ports:
    """Without a `texter` there are no text messages, and nobody is asked about them."""

    sealer: Sealer
    library: FormLibrary
    gateway: Gateway
    mail_templates: Environment
    links: Links
    organizer: str
    reach: Reach = PUBLIC_WEB
    texter: Texter | None = None

    @property
    def catalogue(self) -> Catalogue:
        """The form as new patients get it; answers are read by their own (`Standing.catalogue`)."""
        return self.library.current
