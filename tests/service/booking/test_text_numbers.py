"""Which numbers one mail address stands for."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from consult.booking.letters.text_messages import end_texts_to_address, numbers_of_address
from consult.db.sealing import Sealer, new_key, parse_key
from consult.notifications.text_consent import give_consent
from consult.practice.service import email_digests

from .conftest import ABOUT, ONE, Desk

OLD_KEY, NEW_KEY = new_key(), new_key()
FIRST, SECOND = "+15550100123", "+15550100124"


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(SMS_DEMO="1", ENCRYPTION_KEYS=OLD_KEY)


def test_whoever_booked_before_and_after_a_change_of_keys_ends_all_texts_at_once(desk: Desk):
    desk.come_to_pay()
    (old_digest,) = email_digests(ABOUT["pt_email"], desk.ports.sealer)
    desk.ports = replace(desk.ports, sealer=Sealer([parse_key(NEW_KEY), parse_key(OLD_KEY)]))
    later = desk.come_to_pay(ONE)
    desk.tell_about(later, pt_phone="(555) 010-0124")
    with desk.counter.transaction():
        for number in (FIRST, SECOND):
            give_consent(desk.session, number, ABOUT["pt_email"], desk.now, desk.ports.sealer)
    assert numbers_of_address(desk.session, old_digest, desk.ports) == [FIRST, SECOND]

    with desk.counter.transaction():
        end_texts_to_address(desk.session, old_digest, desk.now, desk.ports)
    assert numbers_of_address(desk.session, old_digest, desk.ports) == []
