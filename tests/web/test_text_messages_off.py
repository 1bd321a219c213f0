"""Text messages are an extra: the application starts without their packages, and says what is missing."""

import sys
from collections.abc import Callable

import pytest
from flask import Flask

from consult.settings import SettingsRefused

TWILIO = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "f", "TWILIO_FROM": "+12125550100"}
ADAPTER = "consult.notifications.twilio_texter"


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """As if a package was not installed."""

    def hide(package: str) -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.delitem(sys.modules, ADAPTER, raising=False)
        monkeypatch.setitem(sys.modules, package, None)

    return hide


def test_without_the_packages_and_the_keys_it_starts(
    make_app: Callable[..., Flask], without: Callable[[str], None]
):
    without("twilio")
    without("phonenumbers")
    assert make_app().test_client().get("/").status_code == 200


@pytest.mark.parametrize(
    ("package", "environ"),
    [("twilio", TWILIO), ("phonenumbers", TWILIO), ("phonenumbers", {"SMS_DEMO": "1"})],
)
def test_with_the_keys_and_without_a_package_it_says_how_to_install_it(
    make_app: Callable[..., Flask], without: Callable[[str], None], package: str, environ: dict[str, str]
):
    without(package)
    with pytest.raises(SettingsRefused) as refusal:
        make_app(**environ)
    assert "pip install --require-hashes -r requirements-sms.lock" in str(refusal.value)
