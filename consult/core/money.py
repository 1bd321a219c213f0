"""Money as whole minor units; there is no float anywhere."""

from dataclasses import dataclass

EXPONENTS = {"usd": 2, "eur": 2, "gbp": 2, "chf": 2, "cad": 2, "aud": 2, "nzd": 2, "pln": 2, "jpy": 0}
"""Currencies accepted, with the decimals Stripe counts in; Stripe's exponents are not always ISO 4217's."""

SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "cad": "CA$", "aud": "A$", "nzd": "NZ$"}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of a lower-case ISO 4217 currency; negative means paid back.

    Raises TypeError for a float amount, ValueError for a currency outside the allow-list.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"money is counted in whole minor units, not {self.minor!r}")
        if self.currency not in EXPONENTS:
            raise ValueError(f"currency {self.currency!r} is not accepted; known: {', '.join(EXPONENTS)}")

    def __add__(self, other: "Money") -> "Money":
        self._require_same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._require_same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def share(self, percent: int) -> "Money":
        """`percent` of it, rounded half up to a whole minor unit."""
        return Money((self.minor * percent * 2 + 100) // 200, self.currency)

    def __str__(self) -> str:
        exponent = EXPONENTS[self.currency]
        sign = "-" if self.minor < 0 else ""
        whole, rest = divmod(abs(self.minor), 10**exponent)
        decimals = f".{rest:0{exponent}d}" if exponent else ""
        symbol = SYMBOLS.get(self.currency)
        number = f"{whole:,}{decimals}"
        return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {self.currency.upper()}"

    def _require_same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
