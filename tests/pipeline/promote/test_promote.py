"""The finalizer's rules, against a backend and a judge in memory."""

import math
from dataclasses import replace
from typing import Any

import pytest

from housing_sweep.errors import BadInput, Conflict, NotFound, Refused
from housing_sweep.pipeline.promote.promote import MOST_ROUNDS, decide_promotion, promote
from housing_sweep.pipeline.promote.promotion_request import PromotionRequest
from housing_sweep.registry.findings import DataFinding
from housing_sweep.registry.policy import Policy, Require
from housing_sweep.registry.promotion import Decision, Verdict
from housing_sweep.registry.proof import How
from housing_sweep.registry.selection import MOST_MISSES, Candidate
from housing_sweep.search.score import Goal
from tests.support.fakes import FakeBackend, FakeJudge, PowerCut, candidate


def _promote(
    backend: FakeBackend, judge: FakeJudge | None = None, request: PromotionRequest | None = None
) -> Decision:
    return promote(backend, request or PromotionRequest("s"), judges=judge or FakeJudge(backend))[0]


def _decide(
    backend: FakeBackend, judge: FakeJudge | None = None, request: PromotionRequest | None = None
) -> Decision:
    return decide_promotion(
        backend, request or PromotionRequest("s"), judges=judge or FakeJudge(backend)
    )


def test_deciding_writes_nothing() -> None:
    backend = FakeBackend([candidate("a", 0.4)], writes_left=0)
    decision = _decide(backend)
    assert decision.verdict is Verdict.PROMOTE
    assert backend.aliases == {}


def test_a_second_promotion_writes_nothing() -> None:
    backend = FakeBackend([candidate("a", 0.4), candidate("b", 0.3)])
    _promote(backend)
    backend.writes_left = 0
    _promote(backend)
    again = _decide(backend)
    assert (again.verdict, again.displaced) == (Verdict.UNCHANGED, "")
    assert backend.aliases == {"staging": "e/p/model-b:v0"}
    assert [record.summary["applied"] for record in backend.records] == [True]


@pytest.mark.parametrize("writes", range(7))
def test_interrupted_anywhere_the_next_run_completes_it(writes: int) -> None:
    backend = FakeBackend([candidate("old", 0.5)])
    _promote(backend)
    backend.candidates.append(candidate("new", 0.4))
    backend.writes_left = writes
    with pytest.raises(PowerCut):
        _promote(backend)
    backend.writes_left = None
    _promote(backend)
    assert backend.aliases == {"staging": "e/p/model-new:v0"}
    assert backend.links == ["e/p/model-old:v0", "e/p/model-new:v0"]
    _, second = backend.records
    assert second.summary["applied"] is True
    assert second.config["displaced"] == "r/c:v0"
    assert second.used == ["e/p/california-housing:v0", "e/p/model-new:v0", "e/p/model-old:v0"]
    backend.writes_left = 0
    _promote(backend)


def test_a_promotion_is_seven_writes() -> None:
    """The test above cuts the power before each of them."""
    backend = FakeBackend([candidate("old", 0.5)])
    _promote(backend)
    backend.candidates.append(candidate("new", 0.4))
    backend.writes_left = 7
    _promote(backend)
    assert backend.writes_left == 0


def test_a_large_sweep_is_not_read_to_its_end() -> None:
    backend = FakeBackend([candidate(f"r{n:05}", n) for n in range(10_000)])
    _decide(backend)
    assert backend.read < 20


def test_a_sweep_without_any_model_is_refused_without_reading_all_of_it() -> None:
    runs = [candidate(f"r{n:05}", n) for n in range(2 * MOST_MISSES)]
    backend = FakeBackend(runs, without_model=frozenset(run.id for run in runs))
    assert _decide(backend).verdict is Verdict.REFUSE
    assert backend.read <= MOST_MISSES + 1


def _with_metrics(run: str, **metrics: object) -> Candidate:
    return replace(candidate(run, None), summary=metrics)


def _winner(backend: FakeBackend, **request: Any) -> str:
    decision = _decide(backend, request=PromotionRequest("s", **request))
    best = decision.case.challenger
    assert best is not None
    return str(best.candidate.id)


def test_a_known_metric_ranks_the_way_that_is_good_for_it_whatever_the_sweep_says() -> None:
    low = _with_metrics("low", val_rmse=0.5, val_r2=0.1, val_mae=0.9)
    high = _with_metrics("high", val_rmse=0.6, val_r2=0.8, val_mae=0.2)
    for goal in Goal:
        backend = FakeBackend([low, high], objectives={"val_rmse": goal})
        assert _winner(backend, metric="val_r2") == "high"
        assert _winner(backend, metric="val_mae") == "high"
        assert _winner(backend) == ("low" if goal is Goal.MINIMIZE else "high")


def test_a_foreign_metric_ranks_only_with_a_goal() -> None:
    runs = [_with_metrics("a", val_rmse=1, lift=1.0), _with_metrics("b", val_rmse=2, lift=2.0)]
    backend = FakeBackend(runs, writes_left=0)
    with pytest.raises(BadInput, match="whether a low or a high lift is good"):
        _promote(backend, request=PromotionRequest("s", metric="lift"))
    assert _winner(backend, metric="lift", goal=Goal.MAXIMIZE) == "b"
    assert _winner(backend, metric="lift", goal=Goal.MINIMIZE) == "a"


def test_a_metric_that_no_finished_trial_has_is_bad_input_that_names_theirs() -> None:
    runs = [_with_metrics("a", val_rmse=0.1, lift=1.0), candidate("b", 0.2, "crashed")]
    backend = FakeBackend(runs, writes_left=0)
    with pytest.raises(BadInput, match="no finished trial has a finite val_mae") as error:
        _promote(backend, request=PromotionRequest("s", metric="val_mae"))
    assert "they have lift, val_rmse" in error.value.fix


def test_a_score_kept_as_a_rule_of_define_metric_ranks_by_the_best() -> None:
    runs = [
        _with_metrics("a", val_rmse={"max": 0.1, "min": 0.1}),
        _with_metrics("b", val_rmse={"max": 9.0, "min": 0.05}),
    ]
    assert _winner(FakeBackend(runs)) == "b"


def test_of_several_objectives_one_must_be_named() -> None:
    goals = {"val_rmse": Goal.MINIMIZE, "val_r2": Goal.MAXIMIZE}
    backend = FakeBackend([_with_metrics("a", val_r2=1), _with_metrics("b", val_r2=2)], goals)
    with pytest.raises(BadInput, match="val_rmse, val_r2"):
        _decide(backend)
    best = _decide(backend, request=PromotionRequest("s", metric="val_r2")).case.challenger
    assert best is not None
    assert best.candidate.id == "b"


def test_a_refusal_names_every_run_and_writes_nothing() -> None:
    runs = [candidate("a", math.nan), candidate("b", 0.1), candidate("c", 0.2, "crashed")]
    backend = FakeBackend(runs, without_model=frozenset({"b"}), writes_left=0)
    with pytest.raises(Refused) as refused:
        _promote(backend)
    assert "a: val_rmse is nan, not a finite number" in refused.value.what
    assert "b: no committed model artifact" in refused.value.what
    assert "c: not finished: crashed" in refused.value.what


def test_a_sweep_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound):
        _decide(FakeBackend([]), request=PromotionRequest("e/p/other"))


def test_a_rejected_model_makes_way_for_the_next_and_says_why() -> None:
    backend = FakeBackend([candidate("liar", 0.1), candidate("honest", 0.4)])
    judge = FakeJudge(backend, rejected={"liar": "val_rmse is 0.1 in its run, recomputed 0.5"})
    decision = _promote(backend, judge)
    assert backend.aliases == {"staging": "e/p/model-honest:v0"}
    assert decision.case.ranked[0].why_not.startswith("rejected: val_rmse is 0.1")


@pytest.mark.parametrize("strict", [False, True])
def test_of_those_that_tie_the_lightest_wins_unless_the_best_is_asked_for(strict: bool) -> None:
    weights = {"best": 30, "light": 10, "lighter": 5, "lightest": 1}
    runs = [
        _with_metrics(name, val_rmse=0.4 + n / 1000, model_bytes=size, fit_seconds=1)
        for n, (name, size) in enumerate(weights.items())
    ]
    backend = FakeBackend(runs)
    tied = frozenset({"light", "lighter"})  # the lightest is too far off
    judge = FakeJudge(backend, tied=tied, rejected={"lighter": "it was changed"})
    decision = _promote(backend, judge, PromotionRequest("s", strict_best=strict))
    assert backend.aliases == {"staging": f"e/p/model-{'best' if strict else 'light'}:v0"}
    why = {str(row.candidate.id): row.why_not for row in decision.case.ranked}
    assert why["lighter"] == ("" if strict else "rejected: it was changed")


@pytest.mark.parametrize("behind", [0.0, 0.001])
def test_bytes_that_can_be_proved_here_come_before_equal_ones_of_elsewhere(behind: float) -> None:
    here = _with_metrics("here", val_rmse=0.4, model_bytes=30, fit_seconds=9)
    there = _with_metrics("there", val_rmse=0.4 + behind, model_bytes=1, fit_seconds=1)
    backend = FakeBackend([there, here])
    judge = FakeJudge(backend, tied=frozenset({"there", "here"}), elsewhere=frozenset({"there"}))
    _promote(backend, judge)
    assert backend.aliases == {"staging": "e/p/model-here:v0"}


def test_a_challenger_that_is_not_better_is_refused_and_nothing_is_written() -> None:
    backend = FakeBackend([candidate("old", 0.5)])
    judge = FakeJudge(backend)
    _promote(backend, judge)
    backend.candidates.append(candidate("new", 0.4))
    backend.writes_left = 0
    judge.difference = -0.005
    with pytest.raises(Refused, match=r"-0.0150 to \+0.0050\), not below 0"):
        _promote(backend, judge)
    assert judge.against == ["baseline", "r/c:v0"]
    assert _decide(backend, judge, PromotionRequest("s", policy=Policy(Require.NONE))).verdict is (
        Verdict.PROMOTE
    )
    noninferior = Policy(Require.NONINFERIOR, 0.006)
    assert (
        _decide(backend, judge, PromotionRequest("s", policy=noninferior)).verdict
        is Verdict.PROMOTE
    )


def test_a_version_moves_on_from_one_alias_to_another() -> None:
    backend = FakeBackend([candidate("a", 0.4)])
    _promote(backend)
    on = PromotionRequest(source="staging", alias="production")
    judge = FakeJudge(backend, rejected={"model-a": "it was changed"})
    with pytest.raises(Refused, match="it was changed"):
        _promote(backend, judge, on)
    decision = _promote(backend, request=on)
    assert backend.aliases == {"staging": "e/p/model-a:v0", "production": "e/p/model-a:v0"}
    assert decision.case.moved_from is not None
    assert backend.records[-1].config["moved_from"] == "r/c:v0"
    with pytest.raises(NotFound, match="nowhere"):
        _promote(backend, request=PromotionRequest(source="nowhere", alias="production"))


@pytest.mark.parametrize("writes", range(7))
@pytest.mark.parametrize("built", ["refit", "rebuilt"])
def test_what_is_built_here_is_promoted_once_wherever_it_was_interrupted(
    writes: int, built: str
) -> None:
    backend = FakeBackend([candidate("a", 0.4)], writes_left=writes)
    judge = FakeJudge(backend, how=How.REBUILT if built == "rebuilt" else How.IDENTICAL)
    request = PromotionRequest("s", refit=built == "refit")
    with pytest.raises(PowerCut):
        _promote(backend, judge, request)
    backend.writes_left = None
    _promote(backend, judge, request)
    assert backend.aliases == {"staging": f"e/p/model-a-{built}:v0"}
    assert len(backend.links) == 1
    (record,) = backend.records
    assert record.summary["applied"] is True
    assert record.summary["artifact"] == f"e/p/model-a-{built}:v0"
    assert record.used[:2] == ["e/p/california-housing:v0", "e/p/model-a:v0"]
    backend.writes_left = 0
    assert _promote(backend, judge, request).verdict is Verdict.UNCHANGED


def test_a_record_that_somebody_else_left_open_is_not_completed() -> None:
    backend = FakeBackend([candidate("a", 0.4)], who="mallory", writes_left=2)
    with pytest.raises(PowerCut):
        _promote(backend)
    backend.who, backend.writes_left = "ada", None
    _promote(backend)
    forged, record = backend.records
    assert "applied" not in forged.summary
    assert (record.config["who"], record.summary["applied"]) == ("ada", True)


def test_what_the_record_tells_of_the_winner_was_built_here() -> None:
    edited = replace(candidate("a", 0.4), config={"learning_rate": "as somebody likes"})
    backend = FakeBackend([edited])
    _promote(backend)
    config = backend.records[0].config
    challenger: Any = config["challenger"]
    assert challenger["config"] == {"built": "here"}
    assert config["verified"] is True


def test_unverified_nothing_is_judged_and_the_version_is_marked_for_good() -> None:
    backend = FakeBackend([candidate("a", 0.4)])
    judge = FakeJudge(backend, rejected={"a": "it cannot be built"})
    request = PromotionRequest("s", unverified=True, policy=Policy(Require.BETTER))
    decision = _promote(backend, judge, request)
    assert decision.case.unverified
    assert "UNVERIFIED" in decision.checks[1].reason
    assert judge.against == []
    assert backend.unverified == {"r/c:v0"}
    config = backend.records[0].config
    proof: Any = config["proof"]
    assert (config["verified"], proof["how"]) == (False, "unverified")
    (move,) = backend.promotions.moves(backend.registry.home, decision.case.target)
    assert move.proof == "unverified"


def test_an_unverified_version_moves_on_only_as_one() -> None:
    backend = FakeBackend([candidate("a", 0.4)])
    judge = FakeJudge(backend, rejected={"model-a": "it has no model.json"})
    _promote(backend, judge, PromotionRequest("s", unverified=True))
    with pytest.raises(Refused, match=r"it has no model\.json"):
        _promote(backend, judge, PromotionRequest(source="staging", alias="production"))
    on = PromotionRequest(source="staging", alias="production", unverified=True)
    _promote(backend, judge, on)
    assert backend.aliases["production"] == "e/p/model-a:v0"
    assert backend.records[-1].config["verified"] is False


def test_data_on_which_scores_say_nothing_promotes_nobody() -> None:
    backend = FakeBackend([candidate("a", 0.4)], writes_left=0)
    wrong = DataFinding("copied_rows", "refused", "660 of 4,128 test rows have a copy")
    with pytest.raises(Refused, match="660 of 4,128 test rows") as error:
        _promote(backend, FakeJudge(backend, wrong=(wrong,)))
    assert "--allow copied_rows" in error.value.fix
    backend.writes_left = None
    allowed = replace(wrong, severity="allowed")
    _promote(backend, FakeJudge(backend, wrong=(allowed,)))
    findings: Any = backend.records[0].config["data_findings"]
    assert [finding["severity"] for finding in findings] == ["allowed"]


def test_of_two_finalizers_the_later_decides_again_and_records_whom_it_displaced() -> None:
    backend = FakeBackend([candidate("a", 0.4), candidate("other", 0.5)])
    backend.meanwhile = ["e/p/model-other:v0"]
    judge = FakeJudge(backend)
    decision = _promote(backend, judge)
    assert judge.against == ["baseline", "r/c:v1"]
    assert decision.displaced == "r/c:v1"
    withdrawn, applied = backend.records
    assert withdrawn.summary["withdrawn"] == "staging went to r/c:v1 meanwhile"
    assert (applied.config["displaced"], applied.summary["applied"]) == ("r/c:v1", True)
    assert backend.aliases == {"staging": "e/p/model-a:v0"}


def test_of_two_finalizers_the_later_is_refused_if_the_first_is_as_good() -> None:
    backend = FakeBackend([candidate("a", 0.4), candidate("other", 0.5)])
    backend.meanwhile = ["e/p/model-other:v0"]
    judge = FakeJudge(backend)

    class Turns(FakeJudge):
        def contest(self, *arguments: Any, **options: Any) -> Any:
            found = super().contest(*arguments, **options)
            self.difference = 0.1
            return found

    judge = Turns(backend)
    with pytest.raises(Refused):
        _promote(backend, judge)
    assert backend.aliases == {"staging": "e/p/model-other:v0"}


def test_a_finalizer_that_is_always_late_gives_up() -> None:
    names = [f"other{n}" for n in range(MOST_ROUNDS)]
    backend = FakeBackend([candidate(name, 0.5) for name in ("a", *names)])
    backend.candidates[0] = candidate("a", 0.4)
    backend.meanwhile = [f"e/p/model-{name}:v0" for name in names]
    with pytest.raises(Conflict, match="meanwhile"):
        _promote(backend)
