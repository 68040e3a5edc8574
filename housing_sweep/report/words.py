"""What the report says in sentences; HTML and Markdown share it. Pure."""

from collections.abc import Mapping

import numpy as np

from housing_sweep.drawing.spell import spell, spell_bytes, spell_score
from housing_sweep.report.contents import Errors, Report
from housing_sweep.search.importance import Importances

FACTS = {
    "val_mae": "MAE",
    "val_r2": "R²",
    "best_iteration": "iterations",
    "fit_seconds": "fit, s",
    "model_bytes": "size",
}
"""Summary values that are shown, and their names."""

FAILED = ("failed", "crashed", "killed")

SLICES_NAMED = 3
"""Of those where a promoted model is clearly worse; the decision names all."""

ABOUT_MAP = (
    "Each speck is a validation row at its place: blue is predicted too low, red too high, pale is"
    " right. Rings mark the twelve largest errors; point at one."
)


def spell_fact(name: str, value: object) -> str:
    """Return a summary value as people read it."""
    if isinstance(value, int | float) and name == "model_bytes":
        return spell_bytes(float(value))
    if isinstance(value, int | float) and name == "fit_seconds":
        return f"{value:.1f}"
    return spell(value)


def about_predicted(errors: Errors) -> str:
    """Return the caption of predictions over the truth."""
    return f"On the diagonal the two are equal. {errors.target.note}".strip()


def headline(report: Report) -> str:
    """Return the first thing a person reads."""
    winner = report.winner
    if winner is None:
        return f"No trial of {report.title} has a score yet"
    how = "the best of" if winner is report.best else "chosen from"
    return f"{report.metric} {spell_score(winner.score)}, {how} {len(report.trials)} trials"


def lead(report: Report) -> str:
    """Return what the headline's figure means."""
    winner = report.winner
    if winner is None or winner.score is None:
        return f"Sweep {report.title} is {report.state.lower()}; open this again when it has run."
    model = " ".join(
        str(winner.params[name]).replace("_", " ")
        for name in ("model", "features")
        if name in winner.params
    )
    split = winner.params.get("split", "random") if "features" in winner.params else None
    parts = [f"Trial {winner.name}" + (f" ({model})" if model else "")]
    target = report.target
    if report.is_error and target is not None:
        parts.append(
            f"is off by about {target.number(winner.score)} {target.words_or_unit()}".rstrip()
            + (f" on the validation rows of a {split} split" if split else "")
        )
    else:
        parts.append(f"scored {spell_score(winner.score)}")
    best = report.best
    said = " ".join(parts) + "."
    if best is not None and best is not winner:
        said += (
            f" The lowest score, {spell_score(best.score)}, is trial {best.name}'s;"
            " the decision below says why it was not taken."
        )
    return said


def status(report: Report) -> tuple[str, str]:
    """Return whether it was promoted: a CSS class and a sentence."""
    promotion = report.promotion
    if report.winner is None:
        return "waiting", "Nothing to promote yet"
    if promotion is None:
        return "waiting", "Not promoted"
    if not promotion.applied:
        return "broken", f"Promotion to {promotion.target} was interrupted: promote again"
    if promotion.holder != promotion.version:
        now = promotion.holder.rsplit(":", 1)[-1] or "nothing"
        alias = promotion.target.rsplit(":", 1)[-1]
        return "waiting", (
            f"Was promoted as {promotion.version.rsplit(':', 1)[-1]}; {alias} is on {now} now"
        )
    by = f" by {promotion.who}" if promotion.who else ""
    how = PROOFS.get(proof_of(promotion.record), "")
    version = promotion.version.rsplit(":", 1)[-1]
    return "done", f"Promoted to {promotion.target} as {version}{by}{how}"


PROOFS = {
    "identical": ", built again bit for bit",
    "rebuilt here": ", as it was built again there",
    "unverified": ", UNVERIFIED",
}
"""How a promoted version came to be believed -> what follows its name."""


def proof_of(record: Mapping[str, object]) -> str:
    """Return how a promotion's record says that its version was proved, or ""."""
    proof = record.get("proof")
    return str(proof.get("how") or "") if isinstance(proof, Mapping) else ""


def warning(report: Report) -> str:
    """Return what must not be overlooked, or ""."""
    if report.promotion is not None and proof_of(report.promotion.record) == "unverified":
        return "UNVERIFIED: nobody built the promoted model again; its run's word was taken."
    if report.source == "synthetic":
        real = report.target.stand_in if report.target else ""
        about = real or "real data"
        return f"Trained on the SYNTHETIC STAND-IN: nothing here says anything about {about}."
    return ""


def tiles(report: Report) -> list[tuple[str, str, str]]:
    """Return the figures under the headline: name, value, note."""
    return [*_judged(report), *_searched(report)]


def _judged(report: Report) -> list[tuple[str, str, str]]:
    """Return what the promotion measured on rows and places that nobody had seen."""
    comparison = report.promotion.record.get("comparison") if report.promotion else None
    compared = comparison if isinstance(comparison, Mapping) else {}
    one, other = compared.get("challenger"), compared.get("champion")
    if not isinstance(one, Mapping) or not _is_number(one.get("rmse")):
        return []
    note = "untouched until the promotion"
    if isinstance(other, Mapping) and _is_number(other.get("rmse")):
        who = "baseline" if compared.get("first") else "champion"
        note = f"{who} {other['rmse']:.4f}"
        if _is_number(compared.get("low")) and _is_number(compared.get("high")):
            note += f"; 95 % {compared['low']:+.4f} to {compared['high']:+.4f}"
    figures = [("Test RMSE", f"{one['rmse']:.4f}", note)]
    if _is_number(one.get("spatial_rmse")):
        value = f"{one['spatial_rmse']:.4f}"
        figures.append(("Places never seen", value, _in_new_places(compared)))
    worse = compared.get("worse_slices")
    if isinstance(worse, list) and worse:
        more = ", ..." if len(worse) > SLICES_NAMED else ""
        names = ", ".join(str(label) for label in worse[:SLICES_NAMED])
        count = "1 slice" if len(worse) == 1 else f"{len(worse)} slices"
        figures.append(("Clearly worse in", count, names + more))
    return figures


def _in_new_places(compared: Mapping[str, object]) -> str:
    """Return the note of the figure for places never seen."""
    note = "test RMSE, whole 0.5° cells held out"
    hard = compared.get("hard")
    if not isinstance(hard, Mapping):
        return note
    numbers = {name: hard.get(name) for name in ("champion", "low", "high")}
    if compared.get("metric") != "rmse" or not all(_is_number(n) for n in numbers.values()):
        return note
    who = "baseline" if compared.get("first") else "champion"
    return f"{note}; {who} {hard['champion']:.4f}; 95 % {hard['low']:+.4f} to {hard['high']:+.4f}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _searched(report: Report) -> list[tuple[str, str, str]]:
    ended = report.scored
    failed = sum(trial.state in FAILED for trial in report.trials)
    figures = [
        (
            "Trials",
            str(len(report.trials)),
            f"{len(ended)} with a score" + (f", {failed} failed" if failed else ", none failed"),
        )
    ]
    winner = report.winner
    if winner is None or winner.score is None:
        return figures
    scores = [t.score for t in ended if t.score is not None]
    middle = float(np.median(scores))
    better = winner.score - middle if report.maximize else middle - winner.score
    figures.append(
        (
            "Below the median" if not report.maximize else "Above the median",
            f"{better:.4f}",
            f"median trial {spell_score(middle)}",
        )
    )
    figures.append(("Found", f"trial {winner.number}", f"{report.method} search"))
    if "val_r2" in winner.facts:
        mae = winner.facts.get("val_mae")
        note = "of the variance" + (f"; MAE {mae:.4f}" if mae is not None else "")
        figures.append(("Explains", f"{winner.facts['val_r2']:.1%}", note))
    if "fit_seconds" in winner.facts:
        size = winner.facts.get("model_bytes")
        note = f"model of {spell_bytes(size)}" if size is not None else ""
        figures.append(("Fit", f"{winner.facts['fit_seconds']:.1f} s", note))
    if report.dataset:
        name = report.dataset.rsplit("/", 1)[-1]
        figures.append(("Data", name.rsplit(":", 1)[-1], f"{name} ({report.source})"))
    return figures


def about_best(report: Report) -> str:
    """Return the caption of the chart of the best score so far."""
    trials = [t for t in report.trials if t.score is not None and t.state == "finished"]
    best = report.best
    if best is None or len(trials) < 2:
        return ""
    late = sum(t.number > best.number for t in trials)
    if late >= max(8, len(trials) // 3):
        return f"The best came with trial {best.number}; {late} later ones did not improve on it."
    return f"The best came with trial {best.number} of {trials[-1].number}; more trials may help."


def about_curves(report: Report) -> str:
    """Return the caption of the validation curves."""
    return (
        f"The {len(report.curves)} best trials while they learn; the thick line is the best model."
    )


def about_importance(important: Importances) -> str:
    """Return the caption of the importances: how they are made, how far to trust them."""
    trust = (
        "a fair picture"
        if important.r2 >= 0.6
        else "a rough picture"
        if important.r2 >= 0.3
        else "mostly noise: run more trials"
    )
    return (
        f"How much a forest's forecast of the score suffers when a parameter is shuffled,"
        f" learnt from {important.trials} trials. On trials it did not see it explains"
        f" {max(important.r2, 0):.0%} of the variance: {trust}."
    )


def about_spread(errors: Errors) -> str:
    """Return the caption of the histogram."""
    target, error = errors.target, errors.predicted - errors.actual
    half, most = np.quantile(np.abs(error), [0.5, 0.9])
    return (
        f"{len(error):,} rows: half are within {target.spell(half)}, nine tenths within"
        f" {target.number(most)}; the mean error is {target.spell(error.mean(), '+')}."
    )
