"""What the operator decides, read once from the environment. The rest is in the database."""

import base64
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from consult.core.tokens import new_token

DEVELOPMENT, PRODUCTION = "development", "production"
_SHORTEST_SECRET = 32
_KEYS_FILE = "development-keys.env"
_WEB_ADDRESS = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?|https?://\[[0-9A-Fa-f:]+\](?::[0-9]{1,5})?"
)
_REDIS = re.compile(r"(?:rediss?|redis\+unix)://\S+")
_STRIPE_KEY = re.compile(r"[sr]k_(?P<mode>live|test)_[A-Za-z0-9_]+")
_MAILBOX = re.compile(r"[!-?A-~]+@[A-Za-z0-9.-]+")
_TWILIO_ACCOUNT = re.compile(r"AC[0-9a-f]{32}")
_TWILIO_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|MG[0-9a-f]{32}")


class SettingsRefused(Exception):
    """The environment cannot be started with; `faults` says everything that is wrong, one sentence each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Settings:
    """See docs/settings.md for every name, default and what production refuses."""

    env: str
    data: Path
    host: str
    port: int
    public_url: str
    trusted_hosts: tuple[str, ...]
    secret_key: str
    encryption_keys: tuple[str, ...]
    database_url: str
    redis_url: str | None
    trusted_proxies: int
    smtp_url: str | None
    mail_from: str
    video_url_template: str
    demo_therapist_password: str | None
    allow_demo_payments: bool
    stripe_secret_key: str | None
    stripe_webhook_secrets: tuple[str, ...]
    stripe_api_base: str | None
    twilio_account_sid: str | None
    twilio_auth_token: str | None
    twilio_from: str | None
    twilio_api_base: str | None
    sms_demo: bool

    @property
    def production(self) -> bool:
        return self.env == PRODUCTION

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Raises SettingsRefused with every fault found. In development, makes and keeps missing keys."""
        read = _Reader(environ)
        env = read.text("CONSULT_ENV", DEVELOPMENT)
        data = Path(read.text("CONSULT_DATA", "data")).resolve()
        if env == DEVELOPMENT:
            read.fill(_development_keys(data))
        host, port = read.text("HOST", "127.0.0.1"), read.number("PORT", 8000)
        public_url = read.text("PUBLIC_URL", f"http://{host}:{port}").rstrip("/")
        settings = cls(
            env=env,
            data=data,
            host=host,
            port=port,
            public_url=public_url,
            trusted_hosts=read.names("TRUSTED_HOSTS") or _default_hosts(public_url, host),
            secret_key=read.text("SECRET_KEY", ""),
            encryption_keys=read.names("ENCRYPTION_KEYS"),
            database_url=read.text("DATABASE_URL", f"sqlite:///{data / 'consult.db'}"),
            redis_url=read.text("REDIS_URL", "") or None,
            # Production speaks plain HTTP behind a proxy, whom every visitor then seems to come from.
            trusted_proxies=read.number("TRUSTED_PROXIES", 1 if env == PRODUCTION else 0),
            smtp_url=read.text("SMTP_URL", "") or None,
            mail_from=read.text("MAIL_FROM", "Bookings <bookings@localhost.localdomain>"),
            video_url_template=read.text(
                "VIDEO_URL_TEMPLATE", "" if env == PRODUCTION else f"{public_url}/demo-room/{{room}}"
            ),
            demo_therapist_password=read.text("DEMO_THERAPIST_PASSWORD", "") or None,
            allow_demo_payments=read.text("ALLOW_DEMO_PAYMENTS", "") == "1",
            stripe_secret_key=read.text("STRIPE_SECRET_KEY", "") or None,
            stripe_webhook_secrets=read.names("STRIPE_WEBHOOK_SECRETS"),
            stripe_api_base=read.text("STRIPE_API_BASE", "").rstrip("/") or None,
            twilio_account_sid=read.text("TWILIO_ACCOUNT_SID", "") or None,
            twilio_auth_token=read.text("TWILIO_AUTH_TOKEN", "") or None,
            twilio_from=read.text("TWILIO_FROM", "") or None,
            twilio_api_base=read.text("TWILIO_API_BASE", "").rstrip("/") or None,
            sms_demo=read.text("SMS_DEMO", "") == "1",
        )
        faults = read.faults + _faults(settings)
        if faults:
            raise SettingsRefused(faults)
        return settings


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._values = dict(environ)
        self.faults: list[str] = []

    def fill(self, defaults: Mapping[str, str]) -> None:
        self._values = {**defaults, **{name: value for name, value in self._values.items() if value}}

    def text(self, name: str, default: str) -> str:
        return self._values.get(name, "").strip() or default

    def names(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self._values.get(name, "").split(",") if part.strip())

    def number(self, name: str, default: int) -> int:
        text = self.text(name, str(default))
        if not text.isascii() or not text.isdigit():
            self.faults.append(f"{name} must be a whole number, not {text!r}.")
            return default
        return int(text)


def _faults(settings: Settings) -> list[str]:
    sender = parseaddr(settings.mail_from)[1]
    checks = [
        (
            settings.env not in (DEVELOPMENT, PRODUCTION),
            f"CONSULT_ENV must be {DEVELOPMENT} or {PRODUCTION}.",
        ),
        (not 0 < settings.port < 65536, "PORT must be from 1 to 65535."),
        (
            not _WEB_ADDRESS.fullmatch(settings.public_url),
            "PUBLIC_URL must be a plain address such as https://book.example.org, without a path.",
        ),
        (
            settings.redis_url is not None and not _REDIS.fullmatch(settings.redis_url),
            "REDIS_URL must look like redis://host:6379/0 or rediss://…",
        ),
        ("*" in settings.trusted_hosts, "TRUSTED_HOSTS must name hosts; * would trust them all."),
        (
            not _MAILBOX.fullmatch(sender) or not settings.mail_from.isprintable(),
            "MAIL_FROM must be a mailbox such as bookings@example.org or Name <bookings@example.org>.",
        ),
        (
            bool(settings.video_url_template) and "{room}" not in settings.video_url_template,
            "VIDEO_URL_TEMPLATE must hold {room}, which differs for each visit.",
        ),
        (
            not settings.production and settings.secure_cookies,
            "PUBLIC_URL is an https address, so CONSULT_ENV must be production.",
        ),
    ]
    faults = [message for wrong, message in checks if wrong]
    faults += _stripe_faults(settings) + _text_message_faults(settings)
    return faults + (_production_faults(settings) if settings.production else [])


def _stripe_faults(settings: Settings) -> list[str]:
    key = settings.stripe_secret_key
    if key is None:
        return []
    kind = _STRIPE_KEY.fullmatch(key)
    if kind is None:
        return ["STRIPE_SECRET_KEY must be a secret or a restricted key, such as sk_live_… or rk_live_…."]
    live, base = kind["mode"] == "live", settings.stripe_api_base
    checks = [
        (
            live and not settings.production,
            "STRIPE_SECRET_KEY is a live key, which takes real money, so CONSULT_ENV must be production.",
        ),
        (
            settings.production and not live,
            "STRIPE_SECRET_KEY is a test key, which takes no money, so CONSULT_ENV must not be production.",
        ),
        (
            live and base is not None,
            "STRIPE_API_BASE must not be set with a live key, which only Stripe may see.",
        ),
        (
            base is not None and not _WEB_ADDRESS.fullmatch(base),
            "STRIPE_API_BASE must be a plain address such as http://127.0.0.1:12111.",
        ),
        (
            live and not settings.stripe_webhook_secrets,
            "STRIPE_WEBHOOK_SECRETS must be set with a live key, or no event of Stripe's is believed.",
        ),
    ]
    return [message for wrong, message in checks if wrong]


def _text_message_faults(settings: Settings) -> list[str]:
    account, base = settings.twilio_account_sid, settings.twilio_api_base
    keys = (account, settings.twilio_auth_token, settings.twilio_from)
    checks = [
        (
            any(keys) and not all(keys),
            "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM must be set together.",
        ),
        (
            account is not None and not _TWILIO_ACCOUNT.fullmatch(account),
            "TWILIO_ACCOUNT_SID must be AC and 32 hexadecimal digits.",
        ),
        (
            settings.twilio_from is not None and not _TWILIO_SENDER.fullmatch(settings.twilio_from),
            "TWILIO_FROM must be a number such as +12125550100, or a messaging service (MG…).",
        ),
        (
            base is not None and (settings.production or not _WEB_ADDRESS.fullmatch(base)),
            "TWILIO_API_BASE must be a plain address such as http://127.0.0.1:12112, not in production.",
        ),
        (
            settings.sms_demo and (settings.production or any(keys)),
            "SMS_DEMO writes text messages into files: not in production, and not beside Twilio's keys.",
        ),
    ]
    return [message for wrong, message in checks if wrong]


def _production_faults(settings: Settings) -> list[str]:
    checks = [
        (
            len(settings.secret_key) < _SHORTEST_SECRET,
            "SECRET_KEY must be set to at least 32 characters; `make keys` makes one.",
        ),
        (not settings.encryption_keys, "ENCRYPTION_KEYS must be set; `make keys` makes one."),
        (not settings.secure_cookies, "PUBLIC_URL must be set to an https address."),
        (not settings.smtp_url, "SMTP_URL must be set, or no patient gets an invitation."),
        (
            parseaddr(settings.mail_from)[1].endswith("localdomain"),
            "MAIL_FROM must be set to a mailbox that exists.",
        ),
        (
            not settings.stripe_secret_key and not settings.allow_demo_payments,
            "STRIPE_SECRET_KEY must be set to take payments; ALLOW_DEMO_PAYMENTS=1 allows the demo instead.",
        ),
    ]
    return [message for wrong, message in checks if wrong]


def _default_hosts(public_url: str, host: str) -> tuple[str, ...]:
    names = (urlsplit(public_url).hostname or host, host, "localhost", "127.0.0.1")
    return names[:1] if public_url.startswith("https://") else tuple(dict.fromkeys(names))


def _development_keys(data: Path) -> dict[str, str]:
    """Keys for a first run on a developer's machine, kept so that a second start opens the same data."""
    path = data / _KEYS_FILE
    if not path.exists():
        data.mkdir(parents=True, exist_ok=True)
        key = base64.urlsafe_b64encode(os.urandom(32)).decode()
        path.touch(mode=stat.S_IRUSR | stat.S_IWUSR, exist_ok=False)
        path.write_text(f"SECRET_KEY={new_token()}\nENCRYPTION_KEYS={key}\n", encoding="utf-8")
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
