"""How long a promotion waits for another one of its alias."""

from datetime import UTC, datetime, timedelta

import pytest

from housing_sweep.pipeline.wandb_io.promotions import at_work

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("began", "heard", "expected"),
    [
        (5, 5, True),
        (500, 50, True),
        (500, 70, False),  # its process died
        (700, 5, False),  # it is kept alive, and moves nothing
    ],
)
def test_an_earlier_promotion_is_waited_for_while_it_can_be_at_work(
    began: int, heard: int, expected: bool
) -> None:
    created_at, heartbeat_at = (
        (NOW - timedelta(seconds=s)).replace(tzinfo=None).isoformat() for s in (began, heard)
    )
    assert at_work(created_at, heartbeat_at, NOW) is expected
