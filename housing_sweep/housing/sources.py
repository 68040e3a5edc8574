"""Where the table comes from: a CSV, scikit-learn's download, or a seeded stand-in."""

import os
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from housing_sweep.errors import DataError, NotFound
from housing_sweep.housing import schema, synthetic

SOURCES = ("auto", "csv", "california", "synthetic")
DOWNLOAD_SECONDS = 8.0
"""A machine without internet must notice soon, even when name look-ups hang."""


@dataclass(frozen=True, slots=True)
class Housing:
    """A checked table, and where it came from.

    Attributes:
        frame: scikit-learn's 8 columns and `MedHouseVal`.
        source: csv, california or synthetic.
        origin: for people: the file, the download, the seed.
        tried: what `auto` tried before, and why each failed.
    """

    frame: pd.DataFrame
    source: str
    origin: str
    tried: tuple[str, ...] = ()


def load_housing(source: str = "auto", csv: Path | None = None) -> Housing:
    """Return the dataset from a source; `auto` tries csv, california, synthetic in that order.

    Args:
        source: one of `SOURCES`.
        csv: the file; default the environment's `HOUSING_SWEEP_CSV`.

    Raises:
        DataError: the file is not housing data. `auto` does not skip a bad file: it was meant.
        NotFound: no file was named, or the download is out of reach.
    """
    if source not in SOURCES:
        raise DataError(f"unknown source {source!r}", fix=f"use one of {', '.join(SOURCES)}")
    if source != "auto":
        return _LOADERS[source](csv)
    tried: list[str] = []
    for name in ("csv", "california"):
        try:
            found = _LOADERS[name](csv)
        except NotFound as error:
            tried.append(f"{name}: {error.what}")
            continue
        return Housing(found.frame, found.source, found.origin, tuple(tried))
    stand_in = _synthetic(None)
    return Housing(stand_in.frame, stand_in.source, stand_in.origin, tuple(tried))


def _csv(path: Path | None) -> Housing:
    named = path or Path(os.environ.get("HOUSING_SWEEP_CSV", ""))
    if str(named) in ("", "."):
        raise NotFound("no CSV was named", fix="give --csv PATH, or set HOUSING_SWEEP_CSV")
    if not named.is_file():
        raise DataError(f"{named} does not exist", fix="name an existing CSV file with --csv")
    return Housing(schema.read_csv(named), "csv", str(named))


def _california(_path: Path | None) -> Housing:
    frame = _fetch(download=False)
    if frame is None:
        frame = _fetch_in_time()
    return Housing(
        schema.check_frame(frame, "scikit-learn's California housing"),
        "california",
        "sklearn.datasets.fetch_california_housing",
    )


def _fetch(*, download: bool) -> pd.DataFrame | None:
    from sklearn.datasets import fetch_california_housing

    try:
        with warnings.catch_warnings():  # "Retry downloading": we say ourselves what failed
            warnings.simplefilter("ignore", UserWarning)
            bunch = fetch_california_housing(
                as_frame=True, download_if_missing=download, n_retries=1, delay=0.1
            )
    except OSError as error:
        if download:
            raise NotFound(
                f"scikit-learn cannot download the data: {error}", fix="give a file with --csv"
            ) from None
        return None
    held: pd.DataFrame = bunch.frame
    return held


def _fetch_in_time() -> pd.DataFrame:
    """Download in a thread that the process does not wait for: a look-up may hang for minutes."""
    answer: list[pd.DataFrame | None] = []
    failure: list[NotFound] = []

    def work() -> None:
        try:
            answer.append(_fetch(download=True))
        except NotFound as error:
            failure.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(DOWNLOAD_SECONDS)
    if failure:
        raise failure[0]
    if not answer or answer[0] is None:
        raise NotFound(
            f"scikit-learn's download did not answer within {DOWNLOAD_SECONDS:g} s",
            fix="give a file with --csv",
        )
    return answer[0]


def _synthetic(_path: Path | None) -> Housing:
    frame = schema.check_frame(synthetic.make(), "the synthetic stand-in")
    return Housing(frame, "synthetic", f"seeded stand-in, seed {synthetic.SEED}: not real data")


_LOADERS = {"csv": _csv, "california": _california, "synthetic": _synthetic}
