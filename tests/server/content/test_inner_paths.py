"""Names of files that lead out of the folder they are downloaded to, on Windows too."""

import ntpath
import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.server.content.inner_paths import check_inner_path


@pytest.mark.parametrize(
    "path",
    [
        *("../../x", "..", "a/../../x", "a/../b", "/etc/passwd", "//host/share/x"),
        *("..\\x", "a\\..\\..\\x", "\\x", "C:/x", "c:x", "C:\\x", "::", ".. /x", "a/... ./x"),
        *("", ".", "./", "a\0b", "\ud800"),
    ],
)
def test_a_name_that_leads_out_is_refused(path: str) -> None:
    with pytest.raises(BadInput, match="not the name of a file inside a version"):
        check_inner_path(path, "a version")


@pytest.mark.parametrize(
    "path", ["x", "a/b.txt", "..a", "a..b/c", "./a", "a b", "media/ä.png", "ab:c/d", "a/c:d"]
)
def test_any_other_name_stays_as_it_is(path: str) -> None:
    assert check_inner_path(path, "a version") == path


@given(st.text("./\\aC: ", max_size=12))
def test_what_passes_stays_inside_on_every_system(path: str) -> None:
    try:
        check_inner_path(path, "a version")
    except BadInput:
        return
    assert posixpath.normpath(posixpath.join("/home/x", path)).startswith("/home/x/")
    assert ntpath.normpath(ntpath.join("D:\\x", path)).startswith("D:\\x\\")
