"""What a promotion reads before it decides: the best runs, proved, and who holds the alias."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import chain, islice

from housing_sweep.errors import NotFound, plain
from housing_sweep.pipeline.judge import expect
from housing_sweep.pipeline.ports import Backend, Judge, Runs, Sweeps
from housing_sweep.pipeline.promote.promotion_request import PromotionRequest
from housing_sweep.pipeline.values import Expectation, Say, SweepFacts
from housing_sweep.registry.model_facts import DatasetUse
from housing_sweep.registry.promotion import PromotionCase, Version
from housing_sweep.registry.proof import How, unverified
from housing_sweep.registry.references import RunId, SweepId, SweepRef, Target, artifact_name
from housing_sweep.registry.selection import (
    Candidate,
    Model,
    Ranked,
    Winner,
    merge,
    order_key,
    select,
    settle_ties,
    winner,
)
from housing_sweep.search.score import Score, metric_names, score_of, unknown_metric

Examine = Callable[[Candidate], Model | str]

SHOWN = 10
"""Rows of the table: runs near the top that get their reason, and that may tie with the best."""


def gather(backend: Backend, judge: Judge, request: PromotionRequest, say: Say) -> PromotionCase:
    """Return the case: who may win, proved, and who holds the alias.

    Raises:
        BadInput: the sweep or the alias cannot be one, or no finished trial has the metric.
        NotFound: the sweep, the version or the dataset does not exist.
    """
    case = (
        _of_sweep(backend, judge, request, say)
        if request.sweep
        else _of_version(backend, judge, request)
    )
    best = case.challenger
    if best is None:
        return case
    if request.unverified:
        return replace(case, proof=unverified(best.model.name))
    policy = request.data.as_json()
    case = replace(
        case,
        proof=judge.proof_of(best.model),
        findings=judge.findings(best.model, case.champion, policy),
        data_policy=policy,
    )
    if not case.built or case.champion is None:
        return case
    same = judge.same_bits(best.model, case.champion, refit=request.refit)
    return replace(case, champion_has_its_bits=same)


def _of_sweep(backend: Backend, judge: Judge, request: PromotionRequest, say: Say) -> PromotionCase:
    target = Target(request.alias)  # an impossible alias is refused before anything is read
    facts = backend.sweeps.sweep(SweepRef.parse(request.sweep))
    score = score_of(facts.objectives, request.metric, request.goal)
    say(f"ranking the runs of {facts.ref} by {score.name}, {score.goal.value}")
    expectation = lru_cache(lambda: expect.of_sweep(backend.artifacts, facts, request.dataset))
    judge.expect(expectation)
    target = replace(target, collection=artifact_name(expect.reference(facts, request.dataset)))
    champion = backend.registry.champion(facts.ref, target)
    ties = not request.strict_best and score == score_of({})
    if request.unverified:
        ranked = rank(backend.sweeps, facts, score, _unexamined(backend.runs))
    else:
        ranked = _proved(backend, judge, facts, score, champion, request, ties=ties)
    best = winner(ranked)
    dataset = _dataset(backend, request, expectation, best)
    return PromotionCase(
        sweep=facts.ref,
        target=target,
        score=score,
        ranked=ranked,
        policy=request.policy,
        dataset=dataset,
        champion=champion,
        open_record=backend.promotions.open_record(facts.ref, target),
        who=backend.promotions.who,
        refit=request.refit,
    )


def _proved(
    backend: Backend,
    judge: Judge,
    facts: SweepFacts,
    score: Score,
    champion: Version | None,
    request: PromotionRequest,
    *,
    ties: bool,
) -> tuple[Ranked, ...]:
    def examine(candidate: Candidate) -> Model | str:
        return judge.examine(candidate, score)

    finished = backend.sweeps.finished(facts.ref, score)
    top = list(islice(finished, SHOWN))
    policy = request.data.as_json()
    judge.foresee(top, score, champion, policy, ties=ties, spatial=request.spatial)
    ranked = rank(backend.sweeps, facts, score, examine, chain(top, finished))
    ranked = _by_what_was_built(judge, ranked, score, examine)
    return settle_ties(ranked, judge.ties, examine, judge.made_elsewhere) if ties else ranked


def _by_what_was_built(
    judge: Judge, ranked: tuple[Ranked, ...], score: Score, examine: Examine
) -> tuple[Ranked, ...]:
    """Return the rows ranked again where another environment explains what the winner claims.

    A claim within its tolerance is worth no more than what came of it here, and a run whose bytes
    are proved comes before one that claims to be the same of elsewhere.
    """
    built: dict[RunId, float] = {}
    reasons: dict[RunId, str] = {}
    while (best := winner(ranked)) is not None and best.candidate.id not in built:
        proof = judge.proof_of(best.model)
        value = proof.facts.scores.get(score.name) if proof.facts else None
        if proof.how is not How.REBUILT or value is None:
            break
        said = score.read(best.candidate.summary)
        reasons[best.candidate.id] = (
            f"its {score.name} is {value:.6g} as built here ({plain(proof.why)}), not {said:.6g}"
        )
        built[best.candidate.id] = value
        rows = [_with_score(row, score, built) for row in ranked if row.candidate.finished]
        rest = [row for row in ranked if not row.candidate.finished]
        again = sorted((row.candidate for row in rows), key=lambda run: order_key(run, score))
        ranked = (*select(again, score, examine, SHOWN, last=built), *rest)
    return tuple(
        row if row.won or row.why_not else replace(row, why_not=reasons.get(row.candidate.id, ""))
        for row in ranked
    )


def _with_score(row: Ranked, score: Score, built: Mapping[RunId, float]) -> Ranked:
    value = built.get(row.candidate.id)
    if value is None:
        return row
    summary = {**row.candidate.summary, score.name: value}
    return replace(row, candidate=replace(row.candidate, summary=summary))


def rank(
    sweeps: Sweeps,
    facts: SweepFacts,
    score: Score,
    examine: Examine,
    finished: Iterable[Candidate] | None = None,
) -> tuple[Ranked, ...]:
    """Return the best runs of a sweep, best first; costs a page or two, whatever its size.

    Args:
        sweeps: has them.
        facts: the sweep.
        score: what they are ranked by.
        examine: a run's model, or why it is rejected.
        finished: its finished runs, best first, where they are being read already.

    Raises:
        BadInput: trials have finished, and none of them has the score; theirs are named.
    """
    runs = sweeps.finished(facts.ref, score) if finished is None else finished
    ranked = select(runs, score, examine, SHOWN)
    summaries = [row.candidate.summary for row in ranked]
    if summaries and all(score.raw(summary) is None for summary in summaries):
        raise unknown_metric(score.name, metric_names(summaries))
    return merge(ranked, sweeps.unfinished(facts.ref, score, SHOWN), score)


def _unexamined(runs: Runs) -> Examine:
    """Return what takes a run's newest model as it is."""
    return lambda candidate: runs.model_of(candidate) or "no committed model artifact"


def _of_version(backend: Backend, judge: Judge, request: PromotionRequest) -> PromotionCase:
    target, home = Target(request.alias), backend.registry.home
    source = backend.registry.version(home, target.path, request.source)
    if source is None:
        raise NotFound(
            f"{target.path} has no version with alias {request.source!r}",
            fix="housing-sweep model history shows what is there",
        )
    model = backend.artifacts.model(source.source)
    candidate = backend.runs.made_by(model)
    if candidate is None:
        raise NotFound(f"the run that made {source.source} was deleted", fix="promote from a sweep")
    expectation = lru_cache(
        lambda: expect.of_model(backend, model, candidate, target, request.dataset)
    )
    judge.expect(expectation)
    score, why = score_of({}), ""
    if not request.unverified:
        why = judge.examine_version(model)
    value = score.read(candidate.summary) if request.unverified else None
    row = Ranked(candidate, value, why, None if why else model)
    row = replace(row, won=not why)
    if not why and not request.unverified:
        built = judge.proof_of(model).facts
        row = replace(row, score=built.scores.get(score.name) if built else None)
    entity, project, _ = candidate.id.split("/")
    ref = SweepRef(entity, project, SweepId(""))
    return PromotionCase(
        sweep=ref,
        target=target,
        score=score,
        ranked=(row,),
        policy=request.policy,
        dataset=None if why else _dataset(backend, request, expectation, winner((row,))),
        champion=backend.registry.champion(ref, target),
        open_record=backend.promotions.open_record(ref, target),
        who=backend.promotions.who,
        moved_from=source,
    )


def _dataset(
    backend: Backend,
    request: PromotionRequest,
    expectation: Callable[[], Expectation],
    best: Winner | None,
) -> DatasetUse | None:
    """Return the dataset of a promotion; where nothing was proved, what the run says it used."""
    if best is None:
        return None
    if not request.unverified:
        return expectation().expected.dataset
    return backend.runs.dataset_of(best.candidate)
