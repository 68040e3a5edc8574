"""Numbers in few characters."""

import pytest

from housing_sweep.drawing.spell import spell_short


@pytest.mark.parametrize(
    ("value", "short"),
    [(100_000, "100k"), (2_500_000, "2.5M"), (-30_000, "-30k"), (0.25, "0.25"), (900, "900")],
)
def test_large_numbers_are_cut_short(value: float, short: str) -> None:
    assert spell_short(value) == short
