import pytest

from consult.core.text import clean_lines, clean_text


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("  Ann \t Lee ", "Ann Lee"),
        ("Ann\r\nBEGIN:VALARM", "Ann BEGIN:VALARM"),
        ("Ann\u2028Lee\u2029Doe\x85Roe\x0bPoe\x0cMoe", "Ann Lee Doe Roe Poe Moe"),
        ("An\x00n\x07\x1b\x7f\x9f", "Ann"),
        ("\u202eeeL\u202c \u2066Ann\u2069\u200f\u061c\ufeff", "eeL Ann"),
        ("Ann\ud800", "Ann"),
        ('Zoë 👩‍🦯 Ω "x"; y, \\z', 'Zoë 👩‍🦯 Ω "x"; y, \\z'),
        ("\r\n\x00", ""),
    ],
)
def test_a_text_becomes_one_line_without_marks_that_steer_a_reader(dirty: str, clean: str) -> None:
    assert clean_text(dirty, 100) == clean


def test_a_long_text_is_cut_to_the_limit_and_shows_it() -> None:
    assert clean_text("x" * 300, 120) == "x" * 119 + "…"
    assert clean_text("x" * 120, 120) == "x" * 120


def test_lines_stay_lines_and_lose_the_same_marks() -> None:
    assert clean_lines(" Ann\r\nLee\rDoe\tRoe \n") == "Ann\nLee\nDoe Roe"
    assert clean_lines("\u202eeeL\u202c\n\u2066An\x00n\u2069\ud800\ufeff") == "eeL\nAnn"
