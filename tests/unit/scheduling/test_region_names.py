"""Countries and their parts by name."""

from consult.scheduling.editor.region_names import countries, is_known, parts, region_name
from consult.scheduling.public_holidays import region_choices


def test_countries_and_parts_read_as_people_call_them() -> None:
    assert dict(countries())["US"] == "United States"
    assert dict(countries())["VC"] == "Saint Vincent and the Grenadines"
    assert dict(parts("US"))["US-NY"] == "New York"
    assert dict(parts("FR"))["FR-971"] == "Guadeloupe"
    assert region_name("US-NY") == "United States, New York"
    assert region_name("DE") == "Germany"


def test_every_country_with_holidays_can_be_chosen() -> None:
    codes = {region.partition("-")[0] for region in region_choices()}
    assert {country.id for country in countries()} == codes


def test_what_is_no_region_is_unknown() -> None:
    assert is_known("US")
    assert is_known("US-NY")
    assert [region for region in ("", "XX", "US-", "US-XX", "us") if is_known(region)] == []


def test_a_region_that_the_table_cannot_keep_is_not_offered() -> None:
    assert max(len(region.id) for region in parts("BR")) <= 16
