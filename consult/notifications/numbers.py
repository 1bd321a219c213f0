"""Which phone numbers a text message may go to. Only this module knows phonenumbers."""

from dataclasses import dataclass

from consult.core.errors import ConsultError

HOME = "US"
"""Where a number without a country code is from."""
SERVED = frozenset({"US", "PR", "VI", "GU", "AS", "MP"})
"""The states and their territories. A text to another place that shares the code +1 may cost far more."""
_COUNTRY_CODE = 1


@dataclass(eq=False)
class NotMobile(ConsultError):
    """No number that could be a mobile phone's. Which text it was is not told, since refusals end in logs."""


class NumberAbroad(NotMobile):
    """A number of another country, or of no country, as satellite phones have."""


def require_phonenumbers() -> None:
    """Raises ImportError where the package is not installed."""
    import phonenumbers  # noqa: F401


def mobile_number(text: str) -> str:
    """The number in E.164. Raises NumberAbroad, and NotMobile for one that is certainly no
    mobile phone's.

    In the US nobody can tell a mobile from a landline by its number.
    """
    # Not above: the package is installed only where text messages are sent.
    import phonenumbers
    from phonenumbers import PhoneNumberType

    try:
        number = phonenumbers.parse(text, HOME)
    except phonenumbers.NumberParseException:
        raise NotMobile from None
    region = phonenumbers.region_code_for_number(number)
    # An area code it does not know may be new, or the 555 of stories and tests.
    if number.country_code != _COUNTRY_CODE or region not in {*SERVED, None}:
        raise NumberAbroad
    fits = phonenumbers.is_possible_number_for_type(number, PhoneNumberType.MOBILE)
    # Numbers kept for stories and tests are of no known type.
    could_be = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.UNKNOWN)
    if number.extension or not fits or phonenumbers.number_type(number) not in could_be:
        raise NotMobile
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked(number: str) -> str:
    """`…0123`, for its holder to know it by."""
    return f"…{number[-4:]}"
