"""Values that are found again without being kept: keyed digests."""

from consult.db.sealing import Sealer

OLD, NEW = b"o" * 32, b"n" * 32


def test_a_digest_is_equal_for_equal_values_of_one_purpose_only() -> None:
    sealer = Sealer([NEW])
    assert sealer.digest("a@example.org", "email") == sealer.digest("a@example.org", "email")
    assert sealer.digest("a@example.org", "email") != sealer.digest("a@example.org", "person")
    assert sealer.digest("a@example.org", "email") != Sealer([OLD]).digest("a@example.org", "email")


def test_a_digest_made_before_a_new_key_came_is_still_found() -> None:
    assert Sealer([OLD]).digest("a@example.org", "email") in Sealer([NEW, OLD]).digests(
        "a@example.org", "email"
    )
