"""What a backend tells, as frozen values."""

from pathlib import Path

from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline.values import STATES, FetchedDataset
from housing_sweep.search.trial import TrialState

DATASET = FetchedDataset("e/p/d:v0", "digest", Path("d.csv"), "5" * 64, "csv", PROBLEM)


def test_the_data_of_a_request_has_the_five_keys_that_old_code_makes_a_value_of() -> None:
    assert DATASET.as_data() == {
        "path": "e/p/d:v0",
        "digest": "digest",
        "csv": "d.csv",
        "sha256": "5" * 64,
        "source": "csv",
    }


def test_every_state_that_is_counted_is_one_of_a_trial() -> None:
    assert len(set(STATES)) == len(STATES)
    assert {TrialState.of(state) for state in STATES} == set(TrialState) - {TrialState.PREEMPTED}
