"""`support/house_map.py` counts what a person would count."""

from tests.support.house_map import (
    count_words,
    floors_of,
    folders_of,
    import_graph,
    imports,
    module_of,
    read_sources,
    words_by_package,
)
from tests.support.local_server import ROOT

HOUSE = {
    "house/__init__.py": "",
    "house/errors.py": "",
    "house/cellar/__init__.py": "",
    "house/cellar/wine.py": "from house.errors import Corked",
    "house/cellar/shelf.py": "from house.cellar import wine",
    "house/hall.py": "import house.cellar.wine\nfrom house.cellar import shelf\nimport json",
    "house/attic.py": "def open():\n    from house import hall, errors",
}


def test_an_import_is_a_module_wherever_it_stands() -> None:
    text = """
import json, house.errors
from house import hall, roof
from house.cellar import Door
if TYPE_CHECKING:
    from house import attic
def late():
    import house.cellar.wine
"""
    modules = {module_of(path) for path in HOUSE}
    without = {"json", "house.errors", "house.hall", "house.cellar", "house.cellar.wine"}
    assert imports(text, modules, typing_only=False) == without
    assert imports(text, modules) == without | {"house.attic"}


def test_a_house_without_circles_has_a_floor_for_each_link_of_its_longest_chain() -> None:
    floors = floors_of(import_graph(HOUSE), "house")
    assert floors.of == {"errors": 1, "cellar": 2, "hall": 3, "attic": 4}
    assert (floors.count, floors.circles, floors.back_up) == (4, (), ())
    assert floors.arrows["hall", "cellar"] == (
        ("house.hall", "house.cellar.shelf"),
        ("house.hall", "house.cellar.wine"),
    )
    assert len(floors.arrows) == 4
    assert floors_of(import_graph(HOUSE), "house.cellar").of == {"wine": 1, "shelf": 2}


def test_an_arrow_back_up_makes_a_circle_and_is_named() -> None:
    crooked = {**HOUSE, "house/errors.py": "from house import attic"}
    floors = floors_of(import_graph(crooked), "house")
    assert floors.circles == (("attic", "cellar", "errors", "hall"),)
    assert floors.back_up == (("errors", "attic"),)
    assert floors.of == {"errors": 1, "cellar": 2, "hall": 3, "attic": 4}


def test_two_circles_are_two() -> None:
    crooked = {
        f"house/{name}.py": f"import house.{other}"
        for name, other in [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")]
    }
    floors = floors_of(import_graph(crooked), "house")
    assert floors.circles == (("a", "b"), ("c", "d"))
    assert len(floors.back_up) == 2


def test_a_word_counts_as_a_name_alone() -> None:
    text = 'held = {"held": found}  # held\nself.held = holds.held\nheld_back = "asked"\n'
    counts = count_words([text])
    assert (counts["held"], counts["found"], counts["asked"]) == (3, 1, 0)
    both = {"house/a.py": text, "house/cellar/b.py": "made = 1", "house/cellar/c.py": "made = 2"}
    counted = words_by_package(both, "house")
    assert {room: words.total() for room, words in counted.items()} == {"a": 4, "cellar": 2}


def test_the_real_house_is_read_whole() -> None:
    sources = read_sources(ROOT)
    folders = folders_of(import_graph(sources))
    assert {"housing_sweep", "housing_sweep.server", "housing_sweep.server.store"} <= {*folders}
    assert len(sources) == len([*(ROOT / "housing_sweep").rglob("*.py")])
