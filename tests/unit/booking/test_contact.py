"""How to reach the patient, out of what they answered."""

from datetime import date

import pytest

from consult.booking.answers.contact import contact_faults, contact_from
from consult.notifications.message import InvalidAddress

TODAY = date(2026, 6, 1)

ANSWERS = {
    "pt_name": "Rosa Marin",
    "pt_email": "rosa@example.com",
    "pt_phone": "(555) 010-0123",
    "pt_dob": "1980-03-14",
    "pt_state": "NY",
    "pt_place": "12 Example Street, Albany",
    "pt_ice": "Sam, (555) 010-0188",
}


def test_every_answer_finds_its_place():
    contact = contact_from(ANSWERS)
    assert (contact.name, contact.email, contact.phone) == (
        "Rosa Marin",
        "rosa@example.com",
        "(555) 010-0123",
    )
    assert (contact.birth_date, contact.state) == ("1980-03-14", "NY")
    assert contact.address == "12 Example Street, Albany"
    assert contact.emergency_contact == "Sam, (555) 010-0188"


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\u2028", "\t", "  ", "\x0b", "\x85"])
def test_each_detail_stands_on_one_line(break_: str):
    contact = contact_from(
        {**ANSWERS, "pt_name": f"Rosa{break_}Marin", "pt_place": f" 12 Elm{break_}Albany{break_}"}
    )
    assert contact.name == "Rosa Marin"
    assert contact.address == "12 Elm Albany"


def test_the_domain_of_an_address_is_written_in_lower_case_and_ascii():
    assert contact_from({**ANSWERS, "pt_email": "Rosa@EXÄMPLE.com"}).email == "Rosa@xn--exmple-cua.com"


@pytest.mark.parametrize("missing", sorted(ANSWERS))
def test_no_contact_is_made_out_of_incomplete_answers(missing: str):
    with pytest.raises(KeyError, match=missing):
        contact_from({name: answer for name, answer in ANSWERS.items() if name != missing})


def test_an_address_that_is_none_makes_no_contact():
    with pytest.raises(InvalidAddress):
        contact_from({**ANSWERS, "pt_email": "rosa"})


def test_good_answers_and_absent_ones_have_no_fault():
    assert contact_faults(ANSWERS, TODAY) == {}
    assert contact_faults({}, TODAY) == {}
    assert contact_faults(dict.fromkeys(ANSWERS), TODAY) == {}


@pytest.mark.parametrize(
    "email",
    [
        "rosa",
        "rosa@",
        "@example.com",
        "rosa@localhost",
        "rosa@example..com",
        "rosa marin@example.com",
        "a@example.com, b@example.com",
        "Rosa <rosa@example.com>",
        "rosa@example.com\nBcc: x@example.com",
        "rösa@example.com",
        "rosa@[127.0.0.1]",
        f"{'a' * 65}@example.com",
    ],
)
def test_anything_but_one_plain_address_is_a_fault(email: str):
    assert list(contact_faults({**ANSWERS, "pt_email": email}, TODAY)) == ["pt_email"]


@pytest.mark.parametrize("email", ["r@example.com", "rosa+pt@mail.example.co.uk", "rosa.o'neil@example.com"])
def test_ordinary_addresses_are_none(email: str):
    assert contact_faults({**ANSWERS, "pt_email": email}, TODAY) == {}


@pytest.mark.parametrize(
    ("phone", "fine"),
    [
        ("555 010 1234", True),
        ("+1 (555) 010-1234", True),
        ("+44 20 7946 0958", True),
        ("12", False),
        ("call my sister", False),
        ("----------", False),
    ],
)
def test_a_phone_number_has_digits_enough(phone: str, fine: bool):
    assert (contact_faults({**ANSWERS, "pt_phone": phone}, TODAY) == {}) is fine


@pytest.mark.parametrize(
    ("born", "fine"),
    [
        ("2026-06-01", True),
        ("2026-06-02", False),
        ("1906-06-01", True),
        ("1905-06-02", True),
        ("1905-06-01", False),
        ("0080-03-14", False),
        ("never", False),
    ],
)
def test_a_birth_lies_in_the_past_but_not_before_anybody_alive(born: str, fine: bool):
    faults = contact_faults({**ANSWERS, "pt_dob": born}, TODAY)
    assert list(faults) == ([] if fine else ["pt_dob"])


def test_every_fault_is_told_at_once():
    wrong = {**ANSWERS, "pt_email": "x", "pt_phone": "1", "pt_dob": "3000-01-01"}
    assert set(contact_faults(wrong, TODAY)) == {"pt_email", "pt_phone", "pt_dob"}
