from pathlib import Path

import pandas as pd
import pytest

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.dataset_files import csv_bytes
from tests.support.local_server import LocalServer

HELD = """
import json, wandb
found = wandb.Api().artifact("california-housing/california-housing:latest")
print(json.dumps([found.version, sorted(found.manifest.entries), found.metadata]))
"""


@pytest.mark.slow
def test_equal_data_is_one_version_and_other_data_the_next(
    own_server: LocalServer, tmp_path: Path
) -> None:
    held = []
    for rows, name in ((300, "one.csv"), (300, "copy.csv"), (301, "other.csv")):
        (tmp_path / name).write_bytes(csv_bytes(PROBLEM, synthetic.make(rows)))
        own_server.cli("housing-sweep", "data", "publish", "--csv", str(tmp_path / name))
        held.append(own_server.sdk(HELD))
    assert [version for version, *_ in held] == ["v0", "v0", "v1"]
    assert held[0][1] == ["housing.csv", "schema.json"]
    assert [facts["rows"] for *_, facts in held] == [300, 300, 301]
    assert {facts["source"] for *_, facts in held} == {"csv"}
    assert {tuple(facts["findings"]) for *_, facts in held} == {()}
    twice = pd.concat([synthetic.make(300)] * 2, ignore_index=True)
    (tmp_path / "twice.csv").write_bytes(csv_bytes(PROBLEM, twice))
    publish = ("housing-sweep", "data", "publish", "--csv", str(tmp_path / "twice.csv"))
    refused = own_server.cli(*publish, check=False)
    assert refused.returncode == 2
    allowed = own_server.cli(*publish, "--allow", "copied_rows")
    assert "allowed: copied_rows: " in allowed.stdout
    version, _, facts = own_server.sdk(HELD)
    assert version == "v2"
    assert [one["severity"] for one in facts["findings"]] == ["allowed"]
    assert facts["data_policy"]["allowed"] == ["copied_rows"]


@pytest.mark.slow
def test_two_sources_at_once_are_refused(local_server: LocalServer, tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_bytes(csv_bytes(PROBLEM, synthetic.make(10)))
    both = ("--csv", str(tmp_path / "h.csv"), "--source", "synthetic")
    done = local_server.cli("housing-sweep", "data", "publish", *both, check=False)
    assert done.returncode == 2
    assert "name two sources" in done.stderr
