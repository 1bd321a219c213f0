import pytest

from consult.calendaring.text import content_line, initials


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Jane Doe", "J. D."),
        ("jane maria van doe", "J. D."),
        ("Cher", "C."),
        ("Éva Ørsted", "É. Ø."),
        ("王 小明", "王. 小."),
        ("Jane\r\nDoe", "J. D."),
        ("👩 Jane (Doe)", "J."),
        ("  ", ""),
        ("<b> 007", ""),
    ],
)
def test_a_name_leaves_as_initials(name: str, short: str) -> None:
    assert initials(name) == short


def test_a_line_is_75_octets_at_most_and_no_shorter_than_it_must() -> None:
    assert (
        content_line("X", "y" * 200)
        == b"X:" + b"y" * 73 + b"\r\n " + b"y" * 74 + b"\r\n " + b"y" * 53 + b"\r\n"
    )


def test_a_property_is_escaped_folded_and_never_cut_inside_a_character() -> None:
    line = content_line("X-WR-CALNAME", "a,b;c\\d" + "🙂" * 60)

    assert all(len(piece) <= 75 for piece in line.split(b"\r\n"))
    assert all(piece.decode() for piece in line.rstrip().split(b"\r\n"))
    unfolded = line.replace(b"\r\n ", b"").decode()
    assert unfolded == "X-WR-CALNAME:a\\,b\\;c\\\\d" + "🙂" * 60 + "\r\n"
