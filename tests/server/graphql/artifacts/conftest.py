"""What the tests of artifacts on the wire share."""

import pytest

from tests.support.inprocess import House
from tests.support.version_desk import VersionDesk


@pytest.fixture
def desk(team: House) -> VersionDesk:
    """A team's project without versions."""
    return VersionDesk(team)
