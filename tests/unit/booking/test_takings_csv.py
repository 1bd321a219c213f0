"""The bookkeeper's table."""

import csv
import io
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from consult.booking.money.takings_csv import COLUMNS, OUTSIDE, Entry, as_text, decimal, to_csv
from consult.core.money import Money

PAYMENT, BOOKING = uuid.UUID(int=1), uuid.UUID(int=2)


def entry(*, ref: str = "re_1", number: str | None = "C-000001", real: bool = True) -> Entry:
    return Entry(
        at=datetime(2026, 6, 2, 1, 30, 15, 999, tzinfo=UTC),
        kind="refund",
        amount=Money(-6000, "usd"),
        livemode=real,
        number=number,
        gateway="stripe",
        gateway_ref=ref,
        payment_id=PAYMENT,
        booking_id=BOOKING,
    )


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_an_entry_is_one_row_with_both_times_and_its_document():
    assert read(to_csv([entry()], "America/New_York")) == [
        {
            "posted_at_utc": "2026-06-02T01:30:15+00:00",
            "posted_at_local": "2026-06-01T21:30:15-04:00",
            "time_zone": "America/New_York",
            "kind": "refund",
            "amount": "-60.00",
            "currency": "USD",
            "real_money": "yes",
            "document": "C-000001",
            "gateway": "stripe",
            "gateway_ref": "re_1",
            "payment": str(PAYMENT),
            "booking": str(BOOKING),
            "note": "",
        }
    ]


def test_play_money_is_marked_and_what_has_no_document_has_none():
    [row] = read(to_csv([entry(real=False, number=None)], "Etc/UTC"))
    assert (row["real_money"], row["document"]) == ("no", "")


def test_what_was_paid_back_outside_has_her_note_and_nothing_of_the_gateways():
    outside = replace(
        entry(number=None), kind=OUTSIDE, gateway="", gateway_ref="", note="=bank transfer, June 2"
    )
    [row] = read(to_csv([outside], "Etc/UTC"))
    assert (row["kind"], row["amount"]) == ("paid_outside", "-60.00")
    assert (row["gateway"], row["gateway_ref"], row["document"]) == ("", "", "")
    assert row["note"] == "'=bank transfer, June 2"


def test_lines_end_as_the_standard_says_and_a_month_without_entries_is_its_names():
    assert to_csv([], "Etc/UTC") == f"{','.join(COLUMNS)}\r\n"
    assert to_csv([entry()], "Etc/UTC").count("\r\n") == 2


def test_what_a_spreadsheet_would_reckon_with_is_quoted():
    nasty = '=HYPERLINK("http://x","y")\r\n'
    [row] = read(to_csv([entry(ref=nasty)], "Etc/UTC"))
    assert row["gateway_ref"] == f"'{nasty}"
    for start in ("=", "+", "-", "@", "\t", "\r"):
        assert as_text(f"{start}1") == f"'{start}1"
    assert as_text("re_1") == "re_1"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money(12_345_678, "usd"), "123456.78"),
        (Money(-5, "eur"), "-0.05"),
        (Money(1200, "jpy"), "1200"),
        (Money(0, "usd"), "0.00"),
    ],
)
def test_amounts_are_plain_decimals_of_their_currency(amount, text):
    assert decimal(amount) == text
