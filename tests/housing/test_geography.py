"""California on a plane."""

import numpy as np
import pytest

from housing_sweep.housing import geography


def test_distances_are_kilometres() -> None:
    los_angeles = geography.to_km(np.array([34.05]), np.array([-118.24]))
    cities = dict(zip(geography.CITIES, geography.distances_to_cities(los_angeles)[0], strict=True))
    assert cities["los_angeles"] == pytest.approx(0.0, abs=1e-9)
    assert cities["san_francisco"] == pytest.approx(559, rel=0.03)
    assert 10 < geography.distance_to_coast(los_angeles)[0] < 35


def test_the_planes_zero_is_its_origin_and_a_degree_north_is_111_km() -> None:
    latitude, longitude = geography.ORIGIN
    xy = geography.to_km(np.array([latitude, latitude + 1]), np.array([longitude] * 2))
    assert xy == pytest.approx(np.array([[0, 0], [0, 111.2]]))


def test_a_point_on_the_shore_line_is_at_the_coast_also_between_its_corners() -> None:
    shore = geography.to_km(geography.COAST[:, 0], geography.COAST[:, 1])
    middles = (shore[1:] + shore[:-1]) / 2
    assert geography.distance_to_coast(np.vstack([shore, middles])) == pytest.approx(0, abs=1e-9)


def test_beyond_the_shores_end_the_distance_is_that_to_its_last_corner() -> None:
    end = geography.to_km(geography.COAST[-1:, 0], geography.COAST[-1:, 1])
    assert geography.distance_to_coast(end + np.array([3.0, -400.0])) == pytest.approx(
        np.hypot(3, 400), rel=1e-6
    )


def test_the_shore_goes_from_north_to_south() -> None:
    assert (np.diff(geography.COAST[:, 0]) < 0).all()
