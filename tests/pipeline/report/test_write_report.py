"""Where a report may be written; nothing is asked of a backend before that is known."""

from pathlib import Path
from typing import Any, cast

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.pipeline.report.write_report import _write, write_report

NOBODY = cast("Any", None)
"""A backend that cannot be asked."""


@pytest.mark.parametrize(
    ("name", "why"),
    [("r.pdf", "is not an HTML file"), ("no/r.html", "there is no folder"), ("d.html", "a folder")],
)
def test_a_place_where_no_report_can_be_is_bad_input(name: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "d.html").mkdir()
    with pytest.raises(BadInput, match=why) as caught:
        write_report(NOBODY, "s", tmp_path / name)
    assert caught.value.fix
    assert [path.name for path in tmp_path.iterdir()] == ["d.html"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    _write(target, "first")
    with pytest.raises(UnicodeEncodeError):
        _write(target, "half \udcff")
    assert target.read_text() == "first"
    assert list(tmp_path.iterdir()) == [target]
