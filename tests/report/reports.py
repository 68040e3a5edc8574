"""A report of a small sweep, for the tests of what is drawn and said of one."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from housing_sweep.report.contents import (
    Curve,
    Errors,
    Land,
    Place,
    Report,
    ReportedPromotion,
    ReportedTrial,
    Target,
)

RNG = np.random.default_rng(0)
EVIL = "<script>alert('x')</script>|`\"&"
"""What a hostile run may say of itself."""


def trial(
    number: int, score: float | None, state: str = "finished", **more: object
) -> ReportedTrial:
    """Return a trial of the sweep; `more` are further parameters."""
    params: Mapping[str, object] = {
        "learning_rate": 0.01 * number,
        "features": ("raw", "geo")[number % 2],
        "depth": number % 5,
        "model": "forest",
        **more,
    }
    facts = {"val_mae": 0.2, "val_r2": 0.8, "fit_seconds": 1.5, "model_bytes": 2e6}
    return ReportedTrial(
        number, f"id{number}", f"trial-{number}", state, "2026-01-01", params, score, facts
    )


TRIALS = [trial(n, 0.5 - 0.01 * (n % 7)) for n in range(1, 21)]
REPORT = Report(
    sweep="ada/houses/abc",
    title="A sweep",
    method="bayes",
    state="FINISHED",
    metric="val_rmse",
    maximize=False,
    trials=[*TRIALS, trial(21, None, "failed")],
    curves=[Curve("id6", [(10, 0.9), (50, 0.5), (100, 0.44)]), Curve("id2", [(10, 1.0)])],
    made_at="2026-01-02",
    dataset="ada/houses/california-housing:v0",
    source="csv",
)
PRICE = Target(
    "price", "USD", 100_000.0, "dollars of 1990", "They are capped.", 1.0, stand_in="California"
)
LAND = Land("California", [(32, -124), (32, -114), (42, -114)], [("Fresno", 36.7, -119.8)])
FEW = replace(REPORT, trials=TRIALS[:2], curves=())
"""Too few trials to learn importances from, which takes most of a page's time."""

ERRORS = Errors(
    actual=RNG.uniform(0.2, 5, 300),
    predicted=RNG.uniform(0.2, 5, 300),
    target=PRICE,
    place=Place(RNG.uniform(33, 41, 300), RNG.uniform(-124, -115, 300), LAND),
)
PROMOTED = ReportedPromotion(
    run="p1",
    applied=True,
    winner="id13",
    target="registry/houses:staging",
    version="registry/houses:v3",
    holder="registry/houses:v3",
    who="ada",
    when="2026-01-02",
    record={
        "decision": "promote",
        "displaced": "registry/houses:v2",
        "checks": [{"name": "better", "passed": True, "reason": "0.01 less"}],
    },
)
