"""`housing-sweep compare`: what differs between runs."""

from collections.abc import Sequence

from housing_sweep.errors import BadInput
from housing_sweep.pipeline.ports import RunRecords
from housing_sweep.registry.run_differences import Difference, diff


def compare(records: RunRecords, runs: Sequence[str]) -> Difference:
    """Return runs side by side, in the order named.

    Raises:
        BadInput: fewer than two are named, or one cannot be a run.
        NotFound: one does not exist.
    """
    if len(runs) < 2:
        raise BadInput(f"{len(runs)} run is named", fix="name two runs or more")
    return diff([records.record(run) for run in runs])
