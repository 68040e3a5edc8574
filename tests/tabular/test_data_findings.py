"""What is wrong with a table, from where on it is refused, and what the real table shows."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from housing_sweep.errors import BadInput, DataError
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular import data_findings
from housing_sweep.tabular.arrays import Floats
from housing_sweep.tabular.data_findings import DataPolicy, Finding, Severity
from housing_sweep.tabular.split import make_split
from housing_sweep.tabular.tables import read_csv
from tests.support.examples import examples
from tests.tabular.flats import FLATS, flats

PRICE = FLATS.target.name
POLICY = DataPolicy()
WARN, REFUSE = Severity.WARNING, Severity.REFUSED


@pytest.fixture(scope="module")
def housing(real_csv: Path) -> pd.DataFrame:
    return read_csv(PROBLEM, real_csv)


def _findings(frame: pd.DataFrame, policy: DataPolicy = POLICY) -> tuple[Finding, ...]:
    return data_findings.findings(FLATS, frame, make_split(FLATS, frame, "random", 0), policy)


def _kinds(frame: pd.DataFrame) -> list[tuple[str, Severity, str]]:
    return [(one.kind, one.severity, one.column) for one in _findings(frame)]


def _with(share: float, changed: pd.DataFrame) -> pd.DataFrame:
    """Return 2,000 flats, and the first of them once more, as `changed`."""
    return pd.concat([flats(2000), changed[: int(2000 * share)]], ignore_index=True)


def test_an_honest_table_has_no_findings() -> None:
    assert _findings(flats(2000)) == ()


@pytest.mark.parametrize("kind", PROBLEM.splits)
def test_the_real_table_has_no_findings(kind: str, housing: pd.DataFrame) -> None:
    for seed in range(2):  # all of 0 to 4 were measured
        split = make_split(PROBLEM, housing, kind, seed)
        assert data_findings.findings(PROBLEM, housing, split, POLICY) == ()


def test_the_real_table_with_every_row_twice_is_refused(housing: pd.DataFrame) -> None:
    twice = pd.concat([housing, housing], ignore_index=True)
    split = make_split(PROBLEM, twice, "random", 0)
    (one,) = data_findings.findings(PROBLEM, twice, split, POLICY)
    assert (one.kind, one.severity) == ("copied_rows", REFUSE)
    assert one.figures["validation_share"] == pytest.approx(0.64, abs=0.02)
    assert one.figures["test_share"] == pytest.approx(0.80, abs=0.02)


def test_the_real_price_behind_the_point_of_an_age_is_refused(housing: pd.DataFrame) -> None:
    hidden = housing.assign(HouseAge=housing["HouseAge"] + housing["MedHouseVal"] / 1000)
    split = make_split(PROBLEM, hidden, "random", 0)
    (one,) = data_findings.findings(PROBLEM, hidden, split, POLICY)
    assert (one.kind, one.severity, one.column) == ("gives_target_away", REFUSE, "HouseAge")
    assert one.figures["explained"] > 0.99


def test_copies_are_counted_in_each_part_and_refused_above_the_share() -> None:
    (few,) = _findings(_with(0.002, flats(2000)))
    assert (few.kind, few.severity) == ("copied_rows", WARN)
    (many,) = _findings(_with(1, flats(2000)))
    assert (many.kind, many.severity) == ("copied_rows", REFUSE)
    share = many.figures["validation_share"]
    assert share == many.figures["validation"] / 640
    assert (
        f"{many.figures['validation']:,} of 640 validation rows ({100 * share:.1f} %)" in many.says
    )


def test_equal_inputs_are_told_apart_and_refused_if_they_tell_the_target() -> None:
    other_price = flats(2000)
    other_price[PRICE] += 500
    assert _kinds(_with(1, other_price)) == [("copied_inputs", REFUSE, "")]
    other_price[PRICE] = np.random.default_rng(0).permutation(other_price[PRICE])
    assert _kinds(_with(1, other_price)) == [("copied_inputs", WARN, "")]


def test_near_copies_are_refused_or_chance() -> None:
    shaken = flats(2000) * (1 + 1e-6 * np.random.default_rng(0).normal(size=(2000, 5)))
    (one,) = _findings(_with(1, shaken))
    assert (one.kind, one.severity) == ("near_copies", REFUSE)
    assert one.figures["tells"] > 0.99
    assert _findings(_with(0.005, shaken)) == ()


def test_a_limit_counts_closer_copies_too() -> None:
    half = flats(2000)
    half.loc[::2, PRICE] += 500
    both = _with(0.006, half)
    severities = {one.kind: one.severity for one in _findings(both)}
    assert severities == {"copied_rows": WARN, "copied_inputs": WARN}
    both = _with(0.03, half)
    assert {one.kind: one.severity for one in _findings(both)}["copied_inputs"] is REFUSE


def test_copies_do_not_make_every_column_a_giveaway() -> None:
    assert [kind for kind, *_ in _kinds(_with(1, flats(2000)))] == ["copied_rows"]


def test_a_nearly_perfect_column_is_a_warning_and_a_perfect_one_is_refused() -> None:
    table, rng = flats(2000), np.random.default_rng(0)
    spread = table[PRICE].std()
    for noise, severity in ((0.17, WARN), (0.05, REFUSE), (0.0, REFUSE)):
        told = table.assign(lon=table[PRICE] + noise * spread * rng.normal(size=2000))
        assert _kinds(told) == [("gives_target_away", severity, "lon")]


def test_columns_that_add_up_to_the_target_are_refused() -> None:
    table = flats(2000)
    mask = 1e6 * np.random.default_rng(0).normal(size=2000)
    hidden = table.assign(rooms=table[PRICE] + mask, lon=mask)
    assert _kinds(hidden) == [("columns_give_target_away", REFUSE, "rooms, lon")]


def test_a_constant_column_is_a_warning_and_a_constant_target_is_refused() -> None:
    assert _kinds(flats(500).assign(rooms=3.0)) == [("constant_column", WARN, "rooms")]
    constant = flats(500).assign(**{PRICE: 3.0})
    assert _kinds(constant) == [("constant_target", REFUSE, PRICE)]


def test_what_is_empty_is_refused_with_its_number_of_rows() -> None:
    (one,) = _findings(flats(500).assign(rooms=np.nan))
    assert (one.kind, one.severity) == ("missing_values", REFUSE)
    assert one.says == "rooms is empty in all 500 rows"
    gaps = flats(500)
    gaps.loc[3:5, "lat"] = np.nan
    split = make_split(FLATS, gaps, "random", 0)
    (one,) = data_findings.findings(FLATS, gaps, split, POLICY)
    assert one.figures == {"rows": 3, "share": 3 / 500}


def test_too_few_rows_are_told_and_single_columns_still_looked_at() -> None:
    told = data_findings.examine(FLATS, flats(6).assign(rooms=2.0), POLICY)
    assert [(one.kind, one.split) for one in told if one.split] == [
        ("not_split", "random"),
        ("not_split", "spatial"),
    ]
    assert [one.column for one in told if one.kind == "constant_column"] == ["rooms"]


def test_a_column_is_named_once_for_all_splits() -> None:
    table = flats(2000).assign(rooms=2.0)
    table["lon"] = table[PRICE] / 1e5
    told = data_findings.examine(FLATS, table, POLICY)
    assert [(one.kind, one.column) for one in told] == [
        ("constant_column", "rooms"),
        ("gives_target_away", "lon"),
    ]


def test_what_the_policy_allows_is_told_and_not_refused() -> None:
    twice = _with(1, flats(2000))
    for policy in (DataPolicy.parse("warn"), DataPolicy.parse(allow=["copied_rows"])):
        (one,) = _findings(twice, policy)
        assert one.severity is Severity.ALLOWED
        data_findings.raise_refused([one], "flats.csv")
    told = _findings(twice, DataPolicy.parse(allow=["near_copies"]))
    with pytest.raises(DataError) as caught:
        data_findings.raise_refused(told, "flats.csv")
    assert caught.value.exit_code == 2
    assert "flats.csv is refused" in caught.value.what
    assert "copied_rows: " in caught.value.what
    assert "keep one of each row; or let it pass, on record, with --allow copied_rows" in str(
        caught.value
    )


def test_a_policy_that_nobody_knows_is_refused() -> None:
    with pytest.raises(BadInput, match=r"'sometimes' is unknown\n.*refuse or warn"):
        DataPolicy.parse("sometimes")
    with pytest.raises(BadInput, match=r"'copies' is no kind of finding\n.*copied_rows"):
        DataPolicy.parse(allow=["copies"])


def test_findings_and_policies_are_read_back_from_records() -> None:
    policy = DataPolicy.parse(allow=["near_copies", "copied_rows"])
    assert DataPolicy.of(json.loads(json.dumps(policy.as_json()))) == policy
    for one in _findings(_with(1, flats(2000)).assign(rooms=1.0), policy):
        assert Finding.parse(json.loads(json.dumps(one.as_json()))) == one


def test_test_rows_of_the_champion_that_are_fitted_on_are_counted() -> None:
    old = flats(1000)
    split = make_split(FLATS, old, "random", 0)
    assert data_findings.overlap(FLATS, old, split, old, split) == ()
    other = make_split(FLATS, old, "random", 1)
    (one,) = data_findings.overlap(FLATS, old, split, old, other)
    both = len(set(split.test) & {*other.train, *other.validation})
    assert (one.kind, one.severity) == ("overlaps_test_rows", WARN)
    assert one.figures == {"rows": both, "share": both / 200, "exact_rows": both}
    shaken = old.assign(**{PRICE: old[PRICE] + 1})
    (one,) = data_findings.overlap(FLATS, old, split, shaken, other)
    assert (one.figures["rows"], one.figures["exact_rows"]) == (both, 0)
    assert "with another target" in one.says
    fresh = flats(1000, seed=8)
    assert data_findings.overlap(FLATS, old, split, fresh, split) == ()


@examples(20)
@given(
    arrays(float, (8, 5), elements=st.floats(allow_nan=False, allow_infinity=False)),
    st.integers(0, 2**32),
)
def test_any_numbers_have_findings_and_no_error(values: Floats, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = [rng.choice(column, 400) for column in values.T]
    names = [column.name for column in FLATS.all_columns]
    wild = pd.DataFrame(dict(zip(names, columns, strict=True)))
    for one in _findings(wild):
        assert all(np.isfinite(figure) for figure in one.figures.values()), one
