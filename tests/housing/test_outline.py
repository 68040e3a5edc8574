"""The state's outline on a map."""

from housing_sweep.housing import outline
from housing_sweep.housing.geography import CITIES


def _inside(latitude: float, longitude: float) -> bool:
    """Whether a point lies in the outline: a ray to the east crosses it an odd number of times."""
    corners = outline.outline()
    inside = False
    for (a, east_a), (b, east_b) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (a > latitude) != (b > latitude):
            crossing = east_a + (latitude - a) / (b - a) * (east_b - east_a)
            inside ^= crossing > longitude
    return inside


def test_the_cities_of_the_interior_lie_in_it_and_neighbouring_states_do_not() -> None:
    for name in ("sacramento", "fresno", "bakersfield", "palm_springs", "san_jose"):
        assert _inside(*CITIES[name]), name
    assert not _inside(39.53, -119.81)  # Reno
    assert not _inside(36.17, -115.14)  # Las Vegas
    assert not _inside(36.0, -124.0)  # the ocean


def test_labels_are_written_as_people_write_them_each_at_its_city() -> None:
    labels = {name: (latitude, longitude) for name, latitude, longitude in outline.cities()}
    assert labels["San Francisco"] == CITIES["san_francisco"]
    assert len(labels) == len(outline.LABELLED)
