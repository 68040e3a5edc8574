"""California housing as a problem: the names that outsiders wrote down."""

import json

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import FEATURES, PROBLEM, TARGET
from housing_sweep.tabular.problem import Problem


def test_the_columns_are_scikit_learns_in_its_order() -> None:
    assert (
        *("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup"),
        *("Latitude", "Longitude"),
    ) == FEATURES
    assert TARGET == "MedHouseVal"


def test_the_names_of_the_dataset_and_its_file_stay() -> None:
    assert (PROBLEM.name, PROBLEM.file) == ("california-housing", "housing.csv")


def test_written_and_read_again_it_is_the_same_problem() -> None:
    document = json.loads(json.dumps(PROBLEM.as_document()))
    assert Problem.parse(document, "schema.json") == PROBLEM


def test_its_splits_are_random_and_by_places_never_seen() -> None:
    assert PROBLEM.splits == ("random", "spatial")
    assert PROBLEM.hard_split == "spatial"
    assert (PROBLEM.unit.scale, PROBLEM.unit.name) == (100_000.0, "USD")


def test_the_stand_ins_values_lie_in_its_ranges() -> None:
    frame = synthetic.make(500)
    for column in PROBLEM.all_columns:
        assert column.low is not None
        assert column.high is not None
        assert frame[column.name].between(column.low, column.high).all(), column.name
