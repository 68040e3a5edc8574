"""What a report says of a problem's target."""

from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline.report.model_errors import _land_of, target_of
from tests.tabular.flats import FLATS


def test_housing_has_its_words_and_its_outline() -> None:
    target = target_of(PROBLEM)
    assert (target.name, target.axis, target.words) == ("price", "100,000 USD", "dollars of 1990")
    assert target.spell(0.5) == "50,000 USD"
    assert target.strong_error == 1.0
    land = _land_of(PROBLEM)
    assert land is not None
    assert land.name == "California"
    assert len(land.outline) > 40
    assert "Fresno" in [name for name, _, _ in land.towns]


def test_any_other_problem_has_the_name_and_unit_of_its_target() -> None:
    target = target_of(FLATS)
    assert (target.name, target.axis, target.words_or_unit()) == ("price, EUR", "EUR", "EUR")
    assert target.spell(51_234.4) == "51,234 EUR"
    assert target.spell(0.25) == "0.25 EUR"
    assert _land_of(FLATS) is None
