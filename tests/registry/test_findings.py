"""What a child process found in a table."""

import json

from housing_sweep.registry.findings import DataFinding

DOCUMENT = {
    "kind": "copied_rows",
    "column": "",
    "severity": "refused",
    "says": "660 test rows have a copy in training",
    "figures": {"rows": 660},
}


def test_a_finding_comes_from_a_child_and_goes_into_a_record() -> None:
    finding = DataFinding.parse(DOCUMENT)
    assert finding.refused
    assert json.loads(json.dumps(finding.as_json()))["figures"] == {"rows": 660}


def test_a_finding_that_says_little_is_a_warning() -> None:
    finding = DataFinding.parse({"kind": "x", "figures": None})
    assert (finding.refused, finding.figures, finding.column) == (False, {}, "")
