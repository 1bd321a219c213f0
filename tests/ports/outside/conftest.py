from collections.abc import Iterator

import pytest

from consult.calendaring.outside.fetch import Reach

from .hosting import AT_HOME, Host, serving


@pytest.fixture
def host() -> Iterator[Host]:
    with serving() as host:
        yield host


@pytest.fixture
def reach() -> Reach:
    return AT_HOME
