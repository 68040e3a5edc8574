"""The stand-in for machines without any data."""

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.dataset_files import csv_bytes
from housing_sweep.tabular.tables import check_frame


def test_the_synthetic_stand_in_is_seeded() -> None:
    assert csv_bytes(PROBLEM, synthetic.make(300)) == csv_bytes(PROBLEM, synthetic.make(300))
    assert csv_bytes(PROBLEM, synthetic.make(300)) != csv_bytes(
        PROBLEM, synthetic.make(300, seed=1)
    )


def test_the_stand_in_is_such_a_table() -> None:
    assert len(check_frame(PROBLEM, synthetic.make(300), "the stand-in")) == 300
