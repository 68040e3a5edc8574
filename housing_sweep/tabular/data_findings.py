"""What is wrong with a table as data to judge models by: findings with figures, and the policy.

A finding is refused where scores on the table would say nothing: rows that training has seen, a
column that is the target in disguise. Everything else is a warning. `DataPolicy` has the limits.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from typing import Any, Self

import numpy as np
import pandas as pd

from housing_sweep.errors import BadInput, DataError
from housing_sweep.tabular import copies, giveaways
from housing_sweep.tabular.arrays import Rows, tame
from housing_sweep.tabular.problem import Problem
from housing_sweep.tabular.split import Split, make_split

COPIED_ROWS = "copied_rows"
COPIED_INPUTS = "copied_inputs"
NEAR_COPIES = "near_copies"
GIVES_TARGET_AWAY = "gives_target_away"
COLUMNS_GIVE_TARGET_AWAY = "columns_give_target_away"
CONSTANT_COLUMN = "constant_column"
CONSTANT_TARGET = "constant_target"
MISSING_VALUES = "missing_values"
OVERLAPS_TEST_ROWS = "overlaps_test_rows"
NOT_SPLIT = "not_split"

_KEEP_ONE = "keep one of each row"
_LEAVE_OUT = "leave the column out, or say where its values come from"

FIXES: Mapping[str, str] = {
    COPIED_ROWS: _KEEP_ONE,
    COPIED_INPUTS: f"{_KEEP_ONE}, or one mean target for equal inputs",
    NEAR_COPIES: _KEEP_ONE,
    GIVES_TARGET_AWAY: _LEAVE_OUT,
    COLUMNS_GIVE_TARGET_AWAY: _LEAVE_OUT,
    CONSTANT_COLUMN: "leave it out: it tells nothing",
    CONSTANT_TARGET: "there is nothing to predict: give another target",
    MISSING_VALUES: "fill them, or leave the column or the rows out",
    OVERLAPS_TEST_ROWS: "compare on rows that neither model has seen",
    NOT_SPLIT: "give more rows",
}
"""Every kind of finding -> what to do about it."""

KINDS = tuple(FIXES)

FEWEST_COPIES = 10
"""With fewer rows of equal or near inputs it is chance how alike their targets are."""


class Severity(Enum):
    """What a finding does to those who use the table."""

    WARNING = "warning"  # it is said
    ALLOWED = "allowed"  # it would be refused, but the policy allows its kind
    REFUSED = "refused"  # the table is not taken


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a table.

    Attributes:
        kind: one of `KINDS`.
        severity: as the policy decides it.
        says: a sentence for people, with the figures.
        column: what it is about, or "".
        split: the kind of split it was seen with, or "".
        figures: name -> number, shares between 0 and 1.
    """

    kind: str
    severity: Severity
    says: str
    column: str = ""
    split: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.severity.value}: {self.kind}: {self.says}"

    def as_json(self) -> dict[str, object]:
        """Return it for records and requests, as `parse` reads it."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        return {**plain, "severity": self.severity.value, "figures": dict(self.figures)}

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Return the finding that `as_json` wrote."""
        return cls(**{**document, "severity": Severity(document["severity"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPolicy:
    """From where on a finding is refused, and what is let pass.

    The limits were measured on the housing table, random and spatial splits, seeds 0 to 4: no
    copies; the best column explains 0.55 and tells 1 % of the rows exactly, all columns together,
    as a sum or product, explain 0.66.

    Attributes:
        copies_refused: share of the validation or the test rows that have a copy in what a model is
            fitted on. At 0.01 they lower an RMSE by half a percent, less than the housing margin.
        copies_tell: with equal or near inputs only: how much of the target's variance the copies'
            targets explain; below, they are other houses that happen to look alike.
        explained_warned, explained_refused: share of the target's variance, or of its ranks', that
            one column explains on unseen rows.
        exact_warned, exact_refused: share of unseen rows whose target one column tells exactly.
        combined_refused: share of the variance that a weighted sum or a product of powers explains.
        allowed: kinds that would be refused, and are let pass and recorded.
    """

    copies_refused: float = 0.01
    copies_tell: float = 0.9
    explained_warned: float = 0.95
    explained_refused: float = 0.98
    exact_warned: float = 0.03
    exact_refused: float = 0.05
    combined_refused: float = 0.999
    allowed: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, rule: str = "refuse", allow: Sequence[str] = ()) -> Self:
        """Return the policy that options name: `refuse`, or `warn`: every kind is allowed.

        Raises:
            BadInput: no such rule or kind.
        """
        if rule not in ("refuse", "warn"):
            raise BadInput(f"data policy {rule!r} is unknown", fix="use refuse or warn")
        for kind in allow:
            if kind not in FIXES:
                raise BadInput(f"{kind!r} is no kind of finding", fix=f"use {', '.join(KINDS)}")
        return cls(allowed=frozenset(KINDS if rule == "warn" else allow))

    def as_json(self) -> dict[str, object]:
        """Return it for records and requests, as `of` reads it."""
        return {**asdict(self), "allowed": sorted(self.allowed)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return the policy that `as_json` wrote."""
        return cls(**{**document, "allowed": frozenset(document["allowed"])})

    def severity(self, kind: str, *, refused: bool) -> Severity:
        """Return what a finding of this kind does, if it is beyond its limit or not."""
        if not refused:
            return Severity.WARNING
        return Severity.ALLOWED if kind in self.allowed else Severity.REFUSED


def examine(problem: Problem, frame: pd.DataFrame, policy: DataPolicy) -> tuple[Finding, ...]:
    """Return the findings on a table with the splits it can have, seed 0; each is told once."""
    known: list[Finding] = []
    for kind in problem.splits:
        try:
            split = make_split(problem, frame, kind, 0)
        except DataError as error:
            says = f"{error.what}: nothing that needs them was looked for"
            known.append(Finding(NOT_SPLIT, Severity.WARNING, says, split=kind))
            known += _new(column_findings(problem, frame, policy), known)
        else:
            known += _new(findings(problem, frame, split, policy), known)
    return tuple(known)


def _new(findings: Iterable[Finding], known: Collection[Finding]) -> list[Finding]:
    """Leave out columns that were named already, be it with another figure."""
    names = {(one.kind, one.column) for one in known if one.column}
    return [one for one in findings if (one.kind, one.column) not in names]


def refused(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return those that are refused."""
    return tuple(one for one in findings if one.severity is Severity.REFUSED)


def raise_refused(findings: Iterable[Finding], name: str) -> None:
    """Do nothing if no finding is refused; `name` is what the error calls the table.

    Raises:
        DataError: naming every refused finding and what to do about it.
    """
    bad = refused(findings)
    if not bad:
        return
    listing = "".join(f"\n  - {one.kind}: {one.says}" for one in bad)
    kinds = list(dict.fromkeys(one.kind for one in bad))
    fixes = "; ".join(f"{kind}: {FIXES[kind]}" for kind in kinds)
    allow = " ".join(f"--allow {kind}" for kind in kinds)
    raise DataError(
        f"{name} is refused: scores on it would say nothing:{listing}",
        fix=f"{fixes}; or let it pass, on record, with {allow}",
    )


def findings(
    problem: Problem, frame: pd.DataFrame, split: Split, policy: DataPolicy
) -> tuple[Finding, ...]:
    """Return everything that is wrong with a table, as it is split.

    Takes 0.4 s of CPU for 20,640 rows of 8 inputs, most of it a fixed number of rows for each
    column; only copies are looked for in all rows. The same table has the same findings.

    Args:
        problem: what the table is about.
        frame: the table; numbers, but some may be missing.
        split: of the table.
        policy: what is refused.
    """
    own = column_findings(problem, frame, policy)
    if any(one.kind in (MISSING_VALUES, CONSTANT_TARGET) for one in own):
        return own  # nothing can be computed before that is put right
    seen = np.concatenate([split.train, split.validation])
    parts = {
        name: copies.copies(problem, frame.iloc[rows], frame.iloc[fitted])
        for name, rows, fitted in (
            ("validation", split.validation, split.train),
            ("test", split.test, seen),
        )
    }
    # Unseen is what has no copy: of a copied row every column tells the target.
    unseen = np.concatenate(
        [split.validation[~parts["validation"].near], split.test[~parts["test"].near]]
    )
    return (
        *own,
        *_copy_findings(problem, frame, split, parts, policy),
        *_giveaway_findings(problem, frame, split, unseen, policy),
    )


def column_findings(
    problem: Problem, frame: pd.DataFrame, policy: DataPolicy
) -> tuple[Finding, ...]:
    """Return what single columns have wrong by themselves: missing values, or only one value."""
    return tuple(_column_findings(problem, frame, policy))


def _column_findings(
    problem: Problem, frame: pd.DataFrame, policy: DataPolicy
) -> Iterator[Finding]:
    rows = len(frame)
    for column in problem.all_columns:
        name = column.name
        values = frame[name].to_numpy(dtype=float)
        missing = int(np.count_nonzero(~np.isfinite(values)))
        if missing:
            says = f"{name} is empty in {_all_or(missing, rows)} rows"
            yield Finding(
                MISSING_VALUES,
                policy.severity(MISSING_VALUES, refused=True),
                says,
                name,
                figures={"rows": missing, "share": missing / rows},
            )
        elif rows and np.ptp(values) == 0:
            kind = CONSTANT_TARGET if column == problem.target else CONSTANT_COLUMN
            severity = policy.severity(kind, refused=kind == CONSTANT_TARGET)
            value = float(values[0])
            says = f"{name} is {value:g} in all {rows:,} rows"
            yield Finding(kind, severity, says, name, figures={"rows": rows, "value": value})


def _all_or(number: int, rows: int) -> str:
    return f"all {rows:,}" if number == rows else f"{number:,} of {rows:,}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


_ONLY = {
    COPIED_ROWS: "an exact copy",
    COPIED_INPUTS: "a copy in every column but the target",
    NEAR_COPIES: "a near copy, each input within {tolerance:.2g} of its interquartile range,",
}


def _copy_findings(
    problem: Problem,
    frame: pd.DataFrame,
    split: Split,
    parts: Mapping[str, copies.Copies],
    policy: DataPolicy,
) -> Iterator[Finding]:
    """Yield the copies by how alike they are; a limit counts those that are more alike, too."""
    targets = tame(frame[problem.target.name])
    spread = float(targets.var()) or 1.0
    numbers = {"validation": split.validation, "test": split.test}
    for kind in (COPIED_ROWS, COPIED_INPUTS, NEAR_COPIES):
        figures: dict[str, float] = {}
        phrases, share, errors = [], 0.0, []
        for part, one in parts.items():
            only, whole = _masks(kind, one)
            count, of = int(only.sum()), len(only)
            figures |= {part: count, f"{part}_share": count / of}
            share = max(share, float(whole.mean()))
            errors.append((targets[numbers[part]] - tame(one.targets))[only])
            if count:
                where = "training" if part == "validation" else "training or validation"
                rows = f"{count:,} of {of:,} {part} rows ({_percent(count / of)})"
                phrases.append(
                    f"{rows} have {_ONLY[kind].format(tolerance=one.tolerance)} in {where}"
                )
        if not phrases:
            continue
        tells = 1 - float(np.mean(np.concatenate(errors) ** 2)) / spread
        alike = kind == COPIED_ROWS or (
            sum(map(len, errors)) >= FEWEST_COPIES and tells >= policy.copies_tell
        )
        refused = alike and share > policy.copies_refused
        if kind == NEAR_COPIES and not refused:
            continue  # rows that lie close by chance
        says = f"{'; '.join(phrases)} ({split.kind} split)"
        if kind != COPIED_ROWS:
            figures["tells"] = tells
            says = f"{says}; the copies' targets explain {tells:.3f} of theirs"
        yield Finding(
            kind, policy.severity(kind, refused=refused), says, split=split.kind, figures=figures
        )


def _masks(kind: str, one: copies.Copies) -> tuple[copies.Mask, copies.Mask]:
    """Return which rows are copies of this kind only, and of this kind or a closer one."""
    if kind == COPIED_ROWS:
        return one.rows, one.rows
    if kind == COPIED_INPUTS:
        return one.inputs & ~one.rows, one.inputs
    return one.near & ~one.inputs, one.near


def _giveaway_findings(
    problem: Problem, frame: pd.DataFrame, split: Split, unseen: Rows, policy: DataPolicy
) -> Iterator[Finding]:
    seed = _seed(problem, frame)
    sample = giveaways.Sample.draw(problem, frame, split.train, unseen, seed)
    if sample is None:
        return
    alone = [
        one
        for one in giveaways.giveaways(sample)
        if one.explained >= policy.explained_warned or one.exact >= policy.exact_warned
    ]
    for one in alone:
        yield _giveaway_finding(problem, one, split.kind, policy)
    together = None if alone else giveaways.combination(sample, policy.combined_refused)
    if together is not None:
        how = "a product of powers of" if together.product else "a weighted sum of"
        names = " and ".join(together.columns)
        says = (
            f"{problem.target.name} is {how} {names}: that explains {together.explained:.4f} of it"
        )
        severity = policy.severity(COLUMNS_GIVE_TARGET_AWAY, refused=True)
        figures = {"explained": together.explained}
        column = ", ".join(together.columns)
        yield Finding(COLUMNS_GIVE_TARGET_AWAY, severity, says, column, split.kind, figures)


def _giveaway_finding(
    problem: Problem, one: giveaways.Giveaway, split: str, policy: DataPolicy
) -> Finding:
    refused = one.explained >= policy.explained_refused or one.exact >= policy.exact_refused
    what = one.column
    if one.digits is not None:
        what = f"what {one.column} has in its digits below {10.0**-one.digits:g}"
    says = (
        f"{what} alone explains {one.explained:.3f} of {problem.target.name} on unseen rows, and"
        f" tells it exactly for {_percent(one.exact)} of them ({split} split)"
    )
    figures = {"explained": one.explained, "exact": one.exact}
    severity = policy.severity(GIVES_TARGET_AWAY, refused=refused)
    return Finding(GIVES_TARGET_AWAY, severity, says, one.column, split, figures)


def _seed(problem: Problem, frame: pd.DataFrame) -> int:
    """Return a number that another table does not have."""
    content = copies.hashes_of(problem, frame).tobytes()
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "little")


def overlap(
    problem: Problem,
    champion_frame: pd.DataFrame,
    champion_split: Split,
    frame: pd.DataFrame,
    split: Split,
) -> tuple[Finding, ...]:
    """Return a finding if rows that a new table fits models on are test rows of the champion.

    It is a warning: a comparison leaves such rows out. Equal inputs count, whatever the target.

    Args:
        problem: what both tables are about.
        champion_frame: the table the champion was trained on.
        champion_split: its split.
        frame: the new table.
        split: its split; training and validation rows are looked at.
    """
    fitted = np.concatenate([split.train, split.validation])
    test = champion_frame.iloc[champion_split.test]
    both = copies.copies(problem, test, frame.iloc[fitted])
    count, exact = int(both.inputs.sum()), int(both.rows.sum())
    if not count:
        return ()
    share = count / len(test)
    says = (
        f"{count:,} of the champion's {len(test):,} test rows ({_percent(share)}) are training or"
        f" validation rows here"
    )
    if exact < count:
        says = f"{says}, {count - exact:,} of them with another target"
    figures = {"rows": count, "share": share, "exact_rows": exact}
    kind = OVERLAPS_TEST_ROWS
    return (Finding(kind, Severity.WARNING, says, split=split.kind, figures=figures),)
