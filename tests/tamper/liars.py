"""The lies that a run can tell in a sweep: each is one line; an honest run ends the sweep.

All but those about the score have exactly the honest run's score and came before it, so each
would win. The last column is what the promotion must say of it: the first fact that is false.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.tamper import forge
from tests.tamper.forge import (
    Change,
    all_of,
    also_logging,
    everywhere,
    file,
    in_json,
    inside,
    json_text,
    metadata,
    pickled,
    scored,
    summary,
    summary_edited,
    trained,
    with_predictions,
    without_fact,
    without_file,
)


@dataclass(frozen=True)
class Liar:
    """One run.

    Attributes:
        id: of the case.
        does: the change of an honest copy.
        why_not: a pattern of the reason that its row must give; or `NOT_LOOKED_AT`.
    """

    id: str
    does: Change
    why_not: str


NOT_LOOKED_AT = ""
"""Where a lie ranks its run behind the honest one, so that nobody looks."""

HUGE = 10**400
BETTER = 0.05
"""A score that no honest trial has."""

NAN = float("nan")
DEEP = b'{"a":' * 60_000 + b"1" + b"}" * 60_000

RUN = (
    Liar("edited-score", summary_edited(val_rmse=BETTER), r"val_rmse is 0\.05 in its run"),
    Liar("logged-score", summary(val_rmse=BETTER), r"val_rmse is 0\.05 in its run"),
    Liar("score-below-zero", summary_edited(val_rmse=-1.0), r"val_rmse is -1(\.0)? in its run"),
    Liar("score-10^400", summary_edited(val_rmse=HUGE), r"val_rmse is .*not a finite number"),
    Liar("score-minus-infinity", summary(val_rmse=float("-inf")), r"-inf, not a finite number"),
    Liar("score-nan", summary(val_rmse=NAN), r"nan, not a finite number|no val_rmse"),
    Liar("score-text", summary_edited(val_rmse="0.01"), r"val_rmse is '?0\.01'?, not a"),
    Liar("score-list", summary_edited(val_rmse=[0.01]), r"val_rmse"),
    Liar("score-yes", summary_edited(val_rmse=True), r"val_rmse is True"),
    Liar("score-nested", summary_edited(val_rmse={"min": 0.01}), NOT_LOOKED_AT),
    Liar("other-score", summary_edited(val_mae=0.001), r"val_mae is 0\.001 in its run"),
    Liar("other-score-10^400", summary_edited(val_mae=HUGE), r"val_mae is .* in its run"),
    Liar("one-byte-in-summary", summary_edited(model_bytes=1), r"model_bytes is 1 in its run"),
    Liar("model-hash", summary_edited(model_sha256="0" * 64), r"model_sha256 .* in its run"),
    Liar("data-digest", summary_edited(dataset_digest="mine"), r"dataset_digest .* in its run"),
    Liar(
        "digests-unhashable",
        summary_edited(dataset_digest={"a": 1}, model_sha256=["x"]),
        r"(dataset_digest|model_sha256) .* in its run",
    ),
    Liar("failed", all_of(forge.failed, summary(val_rmse=BETTER)), r"not finished: failed"),
    Liar(
        "name-that-acts",
        all_of(
            forge.named("\x1b]0;owned\x07\u202e[red]../../etc/passwd[/x]\n\r" + "x" * 40),
            summary(val_rmse=BETTER),
        ),
        r"val_rmse is 0\.05 in its run",
    ),
    Liar(
        "no-model",
        all_of(forge.without_model, summary(val_rmse=BETTER)),
        r"no committed model artifact|no model",
    ),
    Liar(
        "second-model-is-the-lie",
        all_of(also_logging(), everywhere(interval90=0.5)),
        r"interval90 is 0\.5|two models|2 models|more than one",
    ),
)

ARTIFACT = (
    Liar("all-scores", scored(val_rmse=BETTER, val_mae=0.01, val_r2=0.99), r"val_rmse is 0\.05"),
    Liar("score-10^400-in-json", inside("scores", val_rmse=HUGE), r"scores is not a mapping"),
    Liar(
        "score-infinite-in-json",
        in_json(scores={"val_rmse": float("-inf"), "val_mae": 0.1, "val_r2": 0.9}),
        r"scores is not a",
    ),
    Liar("score-nan-in-json", inside("scores", val_mae=NAN), r"scores is not a mapping"),
    Liar("score-left-out", inside("scores", val_rmse=None), r"scores is not a mapping"),
    Liar("score-too-many", inside("scores", test_rmse=0.01), r"scores"),
    Liar("config-one-more", inside("config", max_iter=13), r"(val_\w+|model_sha256|config)"),
    Liar("config-unknown", inside("config", **{"\x1b[2J\u202e[red]": 1}), r"unknown"),
    Liar("config-impossible", inside("config", max_iter=10**30), r"max_iter"),
    Liar("config-of-another-kind", inside("config", max_iter={"a": 1}), r"max_iter"),
    Liar("config-names-no-family", inside("config", model="os.system"), r"model"),
    Liar("config-with-a-surrogate", in_json(config={"model": "\ud800"}), r"model"),
    Liar("source-with-a-surrogate", in_json(dataset_source="\ud800"), r"dataset_source"),
    Liar("config-that-acts", in_json(config={"\x1b[2J\u202e[red]": 1}), r"unknown"),
    Liar("seed", inside("config", seed=5), r"(seed|config|model_sha256|val_\w+) "),
    Liar("lucky-split", trained(split_seed=7), r"split_seed is 7"),
    Liar("other-kind-of-split", trained(split="spatial"), r"split is '?spatial"),
    Liar("split-seed-in-words-only", inside("config", split_seed=7), r"split_seed is 7"),
    Liar("split-fingerprint", everywhere(split_fingerprint="f00d" * 4), r"split_fingerprint"),
    Liar("interval", everywhere(interval90=0.001), r"interval90 is 0\.001"),
    Liar("features", everywhere(features=["MedInc"]), r"features"),
    Liar("scikit-learn", inside("libraries", **{"scikit-learn": "1.0.0"}), r"scikit-learn"),
    Liar(
        "another-environment-explains-nothing",
        all_of(inside("libraries", numpy="1.0"), scored(val_rmse=BETTER)),
        r"val_rmse is 0\.05 .*of the same predictions",
    ),
    Liar("dataset-of-others", everywhere(dataset="a/b/california-housing:v0"), r"dataset is"),
    Liar("dataset-digest", everywhere(dataset_digest="mine"), r"dataset_digest is"),
    Liar("dataset-sha256", everywhere(dataset_sha256="0" * 64), r"dataset_sha256 is"),
    Liar("dataset-source", everywhere(dataset_source="california"), r"dataset_source is"),
    Liar("best-iteration", everywhere(best_iteration=3), r"best_iteration is 3"),
    Liar("best-iteration-left-out", without_fact("best_iteration"), r"best_iteration is missing"),
    Liar("another-margin", inside("problem", margin=1000.0), r"problem is|margin"),
    Liar("problem-is-nonsense", everywhere(problem={"columns": 1}), r"what its table is about"),
    Liar("one-byte", everywhere(model_bytes=1), r"model_bytes is 1 "),
    Liar("no-bytes", everywhere(model_bytes=0), r"model_bytes is 0 "),
    Liar("bytes-below-zero", everywhere(model_bytes=-5), r"model_bytes is not a whole number"),
    Liar("bytes-10^400", in_json(model_bytes=HUGE), r"model_bytes is not a whole number"),
    Liar("bytes-text", everywhere(model_bytes="1"), r"model_bytes is not a whole number"),
)

FILES = (
    Liar("json-deep", json_text(lambda _: DEEP), r"model\.json cannot be read|nested"),
    Liar("json-not-json", json_text(lambda _: b"\xff\xfe{}"), r"model\.json cannot be read"),
    Liar("json-empty", json_text(lambda _: b""), r"model\.json cannot be read"),
    Liar("json-a-list", json_text(lambda _: b"[1]"), r"model\.json holds no facts"),
    Liar("json-with-a-bom", json_text(lambda text: b"\xef\xbb\xbf" + text), r"model\.json cannot"),
    Liar(
        "json-key-twice",
        json_text(lambda text: text[:-1] + b', "interval90": 0.001}'),
        r"interval90|twice",
    ),
    Liar("json-digits", json_text(lambda _: b'{"a": ' + b"9" * 9000 + b"}"), r"model\.json cannot"),
    Liar("json-missing", json_text(lambda _: b"{}"), r"is missing"),
    Liar(
        "json-not-there",
        all_of(json_text(lambda text: text), without_file(forge.FACTS)),
        r"no model\.json",
    ),
    Liar("metadata-differs", metadata(interval90=0.001), r"interval90 is .* in its metadata"),
    Liar("metadata-with-a-refit", metadata(refit_of="model-x:v0"), r"refit_of is .* metadata"),
    Liar("metadata-is-rubbish", metadata(scores="none"), r"its metadata .*scores"),
    Liar("predictions-other", with_predictions(np.zeros(96)), r"predictions_sha256 is"),
    Liar("predictions-nan", with_predictions(np.full(96, np.nan)), r"predictions_sha256 is"),
    Liar(
        "predictions-other-in-secret",
        file(forge.PREDICTIONS, forge.npy(np.zeros(96))),
        r"predictions\.npy was changed",
    ),
    Liar("predictions-shape", with_predictions(np.zeros((2, 48))), r"predictions"),
    Liar("predictions-not-there", without_file(forge.PREDICTIONS), r"no predictions\.npy"),
    Liar("predictions-empty", file(forge.PREDICTIONS, b""), r"predictions\.npy"),
    Liar(
        "predictions-of-a-petabyte",
        file(
            forge.PREDICTIONS,
            forge.npy_header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({10**14},), }}"),
        ),
        r"predictions\.npy",
    ),
    Liar(
        "predictions-with-a-deep-header",
        file(forge.PREDICTIONS, forge.npy_header("(" * 5000 + ")" * 5000)),
        r"predictions\.npy",
    ),
    Liar(
        "predictions-are-objects",
        lambda lie: file(forge.PREDICTIONS, forge.marked_array(lie.mark))(lie),
        r"predictions\.npy",
    ),
    Liar(
        "model-is-a-reference",
        forge.reference(forge.MODEL, "file:///etc/hosts"),
        r"reference|cannot download",
    ),
    Liar(
        "facts-are-a-reference",
        forge.reference(forge.FACTS, "http://127.0.0.1:9/x"),
        r"reference|cannot download",
    ),
    Liar("model-not-there", without_file(forge.MODEL), r"no model\.joblib"),
    Liar("model-changed-in-secret", file(forge.MODEL, b"other"), r"model\.joblib was changed"),
    Liar("a-file-more", file("load_me.py", b"print()"), r"load_me\.py"),
    Liar("a-file-in-a-folder-more", file("model/load.pkl", b"print()"), r"load\.pkl"),
    Liar("metadata-not-there", forge.without_metadata, r"metadata"),
    Liar("json-large", json_text(lambda text: text + b" " * 20_000_000), r"model\.json"),
)

REFIT = (
    Liar("refit-of-by-hand", everywhere(refit_of="e/p/model-x:v0"), r"refit of"),
    Liar("refit-of-itself", everywhere(refit_of="model-itself:v0"), r"refit of"),
    Liar("refit-of-a-number", everywhere(refit_of=7), r"refit_of is not a text"),
    Liar(
        "refit-without-scores",
        all_of(everywhere(refit_of="e/p/model-x:v0", scores={}), summary(val_rmse=BETTER)),
        r"refit of",
    ),
    Liar("rebuilt-of-by-hand", everywhere(rebuilt_of="e/p/model-x:v0"), r"rebuilt"),
)

_KILL = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
_STAY = "import subprocess; subprocess.Popen(['sleep', '20'], start_new_session=True)"
_NONSENSE = "import os, sys; open(sys.argv[-1], 'w').write('nonsense'); os._exit(0)"
_ANSWER = (
    "import json, os, sys; json.dump({'scores': {'val_rmse': 0.0, 'val_mae': 0.0, 'val_r2': 1.0},"
    " 'differ': None}, open(sys.argv[-1], 'w')); os._exit(0)"
)
_OTHER = r"(model_sha256 is|model\.joblib)"

PICKLE = (
    Liar("runs-code", pickled(""), _OTHER),
    Liar("exits-with-0", pickled("import os; os._exit(0)"), _OTHER),
    Liar("raises-system-exit", pickled("raise SystemExit(0)"), _OTHER),
    Liar("raises-keyboard-interrupt", pickled("raise KeyboardInterrupt"), _OTHER),
    Liar("writes-nonsense", pickled(_NONSENSE), _OTHER),
    Liar(
        "writes-the-answer",
        all_of(pickled(_ANSWER), scored(val_rmse=0.0, val_mae=0.0, val_r2=1.0)),
        r"(val_rmse is 0|model_sha256)",
    ),
    Liar("kills-the-promoter", pickled(_KILL), _OTHER),
    Liar("leaves-a-process", pickled(_STAY), _OTHER),
    Liar("recursion", pickled("f = lambda: f(); f()"), _OTHER),
    Liar("knows-the-table-by-heart", forge.by_heart, r"val_rmse is 0"),
    Liar(
        "trained-on-validation", trained("train validation"), r"val_rmse is 0\.\d+ in model\.json"
    ),
    Liar(
        "trained-on-test",
        all_of(trained("train test"), scored(val_rmse=BETTER)),
        r"val_rmse is 0\.05 in model\.json",
    ),
    Liar(
        "marked-skops",
        lambda lie: forge.with_safe(forge.marked_safe(lie.mark))(lie),
        r"skops",
    ),
    Liar(
        "marked-everything",
        all_of(
            pickled(""),
            lambda lie: forge.with_safe(forge.marked_safe(lie.mark))(lie),
            lambda lie: file(forge.PREDICTIONS, forge.marked_array(lie.mark))(lie),
        ),
        r"(skops|predictions|model)",
    ),
)

ENVIRONMENT = (
    Liar(
        "better-by-less-than-another-environment-explains",
        all_of(inside("libraries", numpy="0.1"), forge.better_by(0.005)),
        r"val_rmse is .* of the same predictions",
    ),
    Liar(
        "better-with-predictions-of-its-own",
        all_of(inside("libraries", numpy="0.1"), forge.shifted(1e-6), forge.better_by(0.005)),
        r"its val_rmse is .* as built here \(numpy 0\.1",
    ),
    Liar(
        "better-by-more-than-another-environment-explains",
        all_of(inside("libraries", numpy="0.1"), forge.shifted(1e-6), forge.better_by(0.05)),
        r"val_rmse is .* that is more than numpy 0\.1",
    ),
    Liar(
        "the-same-of-elsewhere-and-lighter",
        all_of(
            inside("libraries", numpy="0.1"), forge.shifted(1e-6), summary_edited(fit_seconds=1e-6)
        ),
        NOT_LOOKED_AT,
    ),
)

KINDS: Mapping[str, Sequence[Liar]] = {
    "run": RUN,
    "artifact": ARTIFACT,
    "files": FILES,
    "refit": REFIT,
    "pickle": PICKLE,
    "environment": ENVIRONMENT,
}
"""Kind -> its liars; one sweep each."""


def edit_config(path: str) -> None:
    """Edit the config of the honest run of a sweep, when it is over."""
    forge.edit_config(path, max_iter=9999, model="os.system")
