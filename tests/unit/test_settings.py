"""What the operator decides, and what the application refuses to start with."""

import stat
from pathlib import Path

import pytest

from consult.db.sealing import new_key, parse_key
from consult.settings import Settings, SettingsRefused

PRODUCTION = {
    "CONSULT_ENV": "production",
    "CONSULT_DATA": "/tmp/never-made",
    "SECRET_KEY": "s" * 32,
    "ENCRYPTION_KEYS": "AAAA",
    "PUBLIC_URL": "https://book.example.org",
    "SMTP_URL": "smtp://mail.example.org",
    "MAIL_FROM": "Dr. Olivia Patel <bookings@example.org>",
    "ALLOW_DEMO_PAYMENTS": "1",
}


def refused(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsRefused) as refusal:
        Settings.from_environ(environ)
    return refusal.value.faults


def test_production_starts_with_everything_set():
    settings = Settings.from_environ(PRODUCTION)
    assert settings.production
    assert settings.secure_cookies
    assert settings.trusted_hosts == ("book.example.org",)
    assert settings.database_url == "sqlite:////tmp/never-made/consult.db"
    assert settings.demo_therapist_password is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "s" * 31),
        ("ENCRYPTION_KEYS", ""),
        ("ENCRYPTION_KEYS", " , "),
        ("PUBLIC_URL", ""),
        ("PUBLIC_URL", "http://book.example.org"),
        ("SMTP_URL", ""),
        ("MAIL_FROM", ""),
        ("MAIL_FROM", "bookings@localhost.localdomain"),
        ("ALLOW_DEMO_PAYMENTS", ""),
        ("ALLOW_DEMO_PAYMENTS", "0"),
        ("ALLOW_DEMO_PAYMENTS", "true"),
        ("VIDEO_URL_TEMPLATE", "https://video.example.org/one-for-all"),
    ],
)
def test_production_refuses_each_of_these_by_name(name: str, value: str):
    [fault] = refused({**PRODUCTION, name: value})
    assert name in fault


def test_everything_that_is_wrong_is_said_at_once():
    faults = refused({"CONSULT_ENV": "production", "PORT": "http", "ALLOW_DEMO_PAYMENTS": ""})
    said = "\n".join(faults)
    for name in (
        "SECRET_KEY",
        "ENCRYPTION_KEYS",
        "PUBLIC_URL",
        "SMTP_URL",
        "MAIL_FROM",
        "ALLOW_DEMO_PAYMENTS",
        "PORT",
        "STRIPE_SECRET_KEY",
    ):
        assert name in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONSULT_ENV", "prod"),
        ("PORT", "eighty"),
        ("PORT", "-1"),
        ("PORT", "8000.0"),
        ("PORT", "٨٠٠٠"),
        ("PUBLIC_URL", "book.example.org"),
        ("PUBLIC_URL", "/book"),
        ("STRIPE_SECRET_KEY", "sk_live_x"),
        ("STRIPE_SECRET_KEY", "pk_test_x"),
        ("STRIPE_SECRET_KEY", "whsec_x"),
    ],
)
def test_development_refuses_what_makes_no_sense(tmp_path: Path, name: str, value: str):
    faults = refused({"CONSULT_DATA": str(tmp_path), name: value})
    assert any(name in fault for fault in faults)


def test_development_needs_nothing(tmp_path: Path):
    settings = Settings.from_environ({"CONSULT_DATA": str(tmp_path)})
    assert not settings.production
    assert settings.public_url == "http://127.0.0.1:8000"
    assert {"127.0.0.1", "localhost"} <= set(settings.trusted_hosts)
    assert settings.smtp_url is None
    assert not settings.secure_cookies
    assert len(settings.secret_key) >= 32
    assert [len(parse_key(key)) for key in settings.encryption_keys] == [32]


def test_keys_made_on_a_first_run_are_kept_for_the_next_and_readable_by_their_owner_only(tmp_path: Path):
    environ = {"CONSULT_DATA": str(tmp_path / "new")}
    first, second = Settings.from_environ(environ), Settings.from_environ(environ)
    assert (first.secret_key, first.encryption_keys) == (second.secret_key, second.encryption_keys)
    [file] = [file for file in (tmp_path / "new").iterdir() if first.secret_key in file.read_text()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_keys_that_are_set_win_over_those_made(tmp_path: Path):
    keys = (new_key(), new_key())
    settings = Settings.from_environ(
        {"CONSULT_DATA": str(tmp_path), "ENCRYPTION_KEYS": f"{keys[0]} , {keys[1]}", "SECRET_KEY": ""}
    )
    assert settings.encryption_keys == keys
    assert len(settings.secret_key) >= 32


def test_production_makes_no_keys(tmp_path: Path):
    refused({**PRODUCTION, "CONSULT_DATA": str(tmp_path), "SECRET_KEY": "", "ENCRYPTION_KEYS": ""})
    assert list(tmp_path.iterdir()) == []


def test_an_address_ends_without_a_slash_and_hosts_may_be_named(tmp_path: Path):
    settings = Settings.from_environ(
        {
            "CONSULT_DATA": str(tmp_path),
            "PUBLIC_URL": "http://book.example.org:8080/",
            "TRUSTED_HOSTS": "book.example.org, proxy.internal",
            "PORT": " 9000 ",
        }
    )
    assert settings.public_url == "http://book.example.org:8080"
    assert settings.trusted_hosts == ("book.example.org", "proxy.internal")
    assert settings.port == 9000


def test_settings_cannot_be_changed_after_the_start(tmp_path: Path):
    settings = Settings.from_environ({"CONSULT_DATA": str(tmp_path)})
    with pytest.raises(AttributeError):
        settings.env = "production"  # type: ignore[misc]


LIVE = {
    **{name: value for name, value in PRODUCTION.items() if name != "ALLOW_DEMO_PAYMENTS"},
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRETS": "whsec_new, whsec_old",
}


@pytest.mark.parametrize("key", ["sk_live_x", "rk_live_x"])
def test_production_takes_payments_with_a_live_key(key: str):
    settings = Settings.from_environ({**LIVE, "STRIPE_SECRET_KEY": key})
    assert settings.stripe_secret_key == key
    assert settings.stripe_webhook_secrets == ("whsec_new", "whsec_old")
    assert settings.stripe_api_base is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRIPE_SECRET_KEY", "sk_test_x"),
        ("STRIPE_SECRET_KEY", "rk_test_x"),
        ("STRIPE_SECRET_KEY", "live"),
        ("STRIPE_WEBHOOK_SECRETS", " , "),
        ("STRIPE_API_BASE", "https://api.example.org"),
    ],
)
def test_production_refuses_to_take_payments_with_these(name: str, value: str):
    [fault] = refused({**LIVE, name: value})
    assert name in fault
    assert LIVE["STRIPE_SECRET_KEY"] not in fault


def test_a_test_key_takes_no_money_in_production_even_where_the_demo_is_allowed():
    [fault] = refused({**LIVE, "STRIPE_SECRET_KEY": "sk_test_x", "ALLOW_DEMO_PAYMENTS": "1"})
    assert "STRIPE_SECRET_KEY" in fault


def test_development_may_use_a_test_key_and_another_address_for_stripe(tmp_path: Path):
    settings = Settings.from_environ(
        {
            "CONSULT_DATA": str(tmp_path),
            "STRIPE_SECRET_KEY": "sk_test_x",
            "STRIPE_API_BASE": "http://127.0.0.1:12111/",
        }
    )
    assert settings.stripe_api_base == "http://127.0.0.1:12111"
    assert settings.stripe_webhook_secrets == ()


def test_an_address_for_stripe_must_be_one(tmp_path: Path):
    faults = refused(
        {
            "CONSULT_DATA": str(tmp_path),
            "STRIPE_SECRET_KEY": "sk_test_x",
            "STRIPE_API_BASE": "127.0.0.1:12111",
        }
    )
    assert ["STRIPE_API_BASE" in fault for fault in faults] == [True]


@pytest.mark.parametrize(("env", "trusted"), [("development", 0), ("production", 1)])
def test_a_proxy_stands_in_front_of_production_and_of_nothing_else(env: str, trusted: int, tmp_path: Path):
    settings = Settings.from_environ(
        {**PRODUCTION, "CONSULT_DATA": str(tmp_path), "CONSULT_ENV": env}
        | ({"PUBLIC_URL": "http://localhost"} if env == "development" else {})
    )
    assert settings.trusted_proxies == trusted


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "redis://", "memcached://localhost"])
def test_a_redis_address_of_another_shape_is_refused(url: str):
    [fault] = refused({**PRODUCTION, "REDIS_URL": url})
    assert "REDIS_URL" in fault
    assert Settings.from_environ({**PRODUCTION, "REDIS_URL": "redis://:secret@redis:6379/0"}).redis_url
    assert Settings.from_environ(PRODUCTION).redis_url is None


TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "f" * 32,
    "TWILIO_FROM": "+12125550100",
}


def test_text_messages_are_off_unless_all_of_twilios_keys_are_set(tmp_path: Path):
    assert Settings.from_environ(PRODUCTION).twilio_from is None
    assert Settings.from_environ(PRODUCTION | TWILIO).twilio_from == "+12125550100"
    for name in TWILIO:
        [fault] = refused(PRODUCTION | {**TWILIO, name: ""})
        assert "together" in fault


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWILIO_ACCOUNT_SID", "SK" + "0" * 32),
        ("TWILIO_ACCOUNT_SID", "AC/../" + "0" * 28),
        ("TWILIO_FROM", "212 555 0100"),
        ("TWILIO_FROM", "Dr. Patel"),
        ("TWILIO_API_BASE", "http://127.0.0.1:12112"),
        ("SMS_DEMO", "1"),
    ],
)
def test_production_refuses_what_could_not_send_or_only_pretends_to(name: str, value: str):
    [fault] = refused(PRODUCTION | TWILIO | {name: value})
    assert name in fault


def test_a_messaging_service_may_stand_for_the_number():
    service = "MG" + "0" * 32
    assert Settings.from_environ(PRODUCTION | TWILIO | {"TWILIO_FROM": service}).twilio_from == service


def test_in_development_texts_may_go_to_files_or_to_a_stand_in_but_not_to_both(tmp_path: Path):
    there = {"CONSULT_DATA": str(tmp_path)}
    assert Settings.from_environ({**there, "SMS_DEMO": "1"}).sms_demo
    stand_in = {**there, **TWILIO, "TWILIO_API_BASE": "http://127.0.0.1:12112/"}
    assert Settings.from_environ(stand_in).twilio_api_base == "http://127.0.0.1:12112"
    assert "SMS_DEMO" in refused({**there, **TWILIO, "SMS_DEMO": "1"})[0]
