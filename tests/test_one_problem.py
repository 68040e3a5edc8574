"""Housing is one problem among others: nothing outside of its package knows its columns or name."""

import re

from housing_sweep.registry import references
from tests.support.local_server import ROOT

PACKAGE = ROOT / "housing_sweep"
ITS_OWN = re.compile(r"MedInc|MedHouseVal|[Cc]alifornia|Latitude|100,000 USD|dollars of")


def test_its_name_stands_in_one_place_outside_of_it() -> None:
    lines = []
    for path in sorted(PACKAGE.rglob("*")):
        name = path.relative_to(PACKAGE).as_posix()
        # DECISIONS and PROTOCOL.md tell how it came to be.
        if path.suffix in (".pyc", ".md") or not path.is_file() or name.startswith("housing/"):
            continue
        text = path.read_text("utf-8")
        lines += [(name, line) for line in text.splitlines() if ITS_OWN.search(line)]
    assert lines == [("registry/references.py", f'COLLECTION = "{references.COLLECTION}"')]
