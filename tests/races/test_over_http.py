"""Two hundred browsers at one moment, at a real server with two processes."""

from pathlib import Path

import pytest

from tests.bench.databases import Database
from tests.bench.practice import offer_lengths, open_site
from tests.bench.races import LENGTHS, STEP, run_race
from tests.bench.serving import served

RACERS = 200


@pytest.mark.parametrize("name", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_one_wins_the_others_are_told_it_is_taken_and_nothing_breaks(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("postgres_url") if name == "postgresql" else None
    database = Database(name, server)
    with open_site(tmp_path, database.new_url()) as site:
        types = offer_lengths(site, LENGTHS[:1], STEP)
        with served("wsgi:app", tmp_path, site.environ, "/readyz") as server:
            race = run_race(site, server, types, RACERS, 0)

    assert (race.accepted, race.stored, race.taken, race.failed) == (1, 1, RACERS - 1, 0)
