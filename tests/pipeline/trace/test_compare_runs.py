"""Runs side by side, in the order named."""

from dataclasses import dataclass, field

import pytest

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.pipeline.trace.compare_runs import compare
from housing_sweep.registry.run_differences import RunRecord


@dataclass
class Records:
    """Fulfils `ports.RunRecords`, and keeps who was asked for."""

    rates: dict[str, float]
    read: list[str] = field(default_factory=list)

    def record(self, reference: str) -> RunRecord:
        self.read.append(reference)
        if reference not in self.rates:
            raise NotFound(f"no run {reference}")
        aspects = {"config": {"rate": self.rates[reference], "depth": 3}}
        return RunRecord(f"e/p/{reference}", reference, "finished", aspects)


def test_runs_stand_in_the_order_in_which_they_are_named() -> None:
    difference = compare(Records({"a": 0.1, "b": 0.4}), ["b", "a"])
    assert [run.name for run in difference.runs] == ["b", "a"]
    (row,) = difference.differing("config")
    assert (row.name, row.values) == ("rate", (0.4, 0.1))


@pytest.mark.parametrize("runs", [[], ["a"]])
def test_fewer_than_two_runs_are_refused_before_anybody_is_asked(runs: list[str]) -> None:
    records = Records({"a": 0.1})
    with pytest.raises(BadInput) as caught:
        compare(records, runs)
    assert caught.value.fix == "name two runs or more"
    assert records.read == []


def test_a_run_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound, match="no run c"):
        compare(Records({"a": 0.1}), ["a", "c"])
