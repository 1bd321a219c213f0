"""The test cards of docs.stripe.com/testing, as far as this double plays them."""

from enum import StrEnum


class Card(StrEnum):
    PAYS = "4242424242424242"
    DECLINED = "4000000000000002"
    AUTHENTICATES = "4000002760003155"
    AUTHENTICATES_3DS2 = "4000000000003220"
    DISPUTED = "4000000000000259"
    REFUND_FAILS_LATER = "4000000000005126"
    REFUND_IS_PENDING = "4000000000007726"
    BANK_DEBIT = "bank-debit"
    """No card: a method that completes the checkout now and pays, or does not, days later. Stripe would not
    offer it where only cards are allowed; here it always is, to see what would happen.
    """


SAID = {
    Card.PAYS: "pays",
    Card.DECLINED: "is declined",
    Card.AUTHENTICATES: "asks for 3-D Secure",
    Card.AUTHENTICATES_3DS2: "asks for 3-D Secure 2",
    Card.DISPUTED: "pays, and is disputed at once",
    Card.REFUND_FAILS_LATER: "pays; a refund succeeds, then fails",
    Card.REFUND_IS_PENDING: "pays; a refund is pending, then succeeds",
    Card.BANK_DEBIT: "pays days later",
}
ASKS_BACK = {Card.AUTHENTICATES, Card.AUTHENTICATES_3DS2}
