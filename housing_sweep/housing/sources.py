"""Where the table comes from without a file: scikit-learn's download, or a seeded stand-in."""

import threading
import warnings

import pandas as pd

from housing_sweep.errors import NotFound
from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.extras import LoadedTable
from housing_sweep.tabular.tables import check_frame

DOWNLOAD_SECONDS = 8.0
"""A machine without internet must notice soon, even when name look-ups hang."""


def california() -> LoadedTable:
    """Return scikit-learn's table: its cache first, then a download that may not take long.

    Raises:
        NotFound: the download is out of reach.
    """
    frame = _fetch(download=False)
    if frame is None:
        frame = _fetch_in_time()
    frame = check_frame(PROBLEM, frame, "scikit-learn's California housing")
    origin = "sklearn.datasets.fetch_california_housing"
    return LoadedTable(PROBLEM, frame, "california", origin)


def stand_in() -> LoadedTable:
    """Return the made-up table, for machines without any data."""
    frame = check_frame(PROBLEM, synthetic.make(), "the synthetic stand-in")
    origin = f"seeded stand-in, seed {synthetic.SEED}: not real data"
    return LoadedTable(PROBLEM, frame, "synthetic", origin)


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
    frame: pd.DataFrame = bunch.frame
    return frame


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
