"""Every state meets every command."""

from itertools import product

import pytest

from consult.scheduling.lifecycle import CLAIMING, LIVE, Command, Status, TransitionRefused, transition

TABLE = """
                hold  extend  book    release   expire   cancel     complete  mark_no_show  reclaim
none            held  -       -       -         -        -          -         -             -
held            -     held    booked  released  expired  -          -         -             -
booked          -     -       -       -         -        cancelled  done      no_show       -
cancelled       -     -       -       -         -        -          -         -             -
released        -     -       -       -         -        -          -         -             booked
expired         -     -       -       -         -        -          -         -             booked
done            -     -       -       -         -        -          -         -             -
no_show         -     -       -       -         -        -          -         -             -

                block   move    restore  reopen
none            booked  -       -        -
held            -       -       -        -
booked          -       booked  -        -
cancelled       -       -       booked   -
released        -       -       -        -
expired         -       -       -        -
done            -       -       -        booked
no_show         -       -       -        booked
"""


def cells() -> dict[tuple[Status | None, Command], Status | None]:
    found: dict[tuple[Status | None, Command], Status | None] = {}
    for table in TABLE.strip().split("\n\n"):
        header, *lines = (line.split() for line in table.splitlines())
        for status, *row in lines:
            for command, cell in zip(header, row, strict=True):
                pair = (None if status == "none" else Status(status), Command(command))
                found[pair] = None if cell == "-" else Status(cell)
    return found


def test_the_table_has_every_pair() -> None:
    assert set(cells()) == set(product([None, *Status], Command))


@pytest.mark.parametrize(("pair", "expected"), cells().items())
def test_a_command_leads_where_the_table_says_or_is_refused(
    pair: tuple[Status | None, Command], expected: Status | None
) -> None:
    if expected is not None:
        assert transition(*pair) is expected
        return
    with pytest.raises(TransitionRefused) as refusal:
        transition(*pair)
    assert (refusal.value.status, refusal.value.command) == pair


def test_time_is_blocked_by_what_is_to_come_and_by_what_has_been() -> None:
    assert set(CLAIMING) == {Status.HELD, Status.BOOKED, Status.DONE, Status.NO_SHOW}


def test_only_what_is_still_to_come_is_live() -> None:
    assert set(LIVE) == {Status.HELD, Status.BOOKED}
