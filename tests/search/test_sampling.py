from collections import Counter

import numpy as np

from housing_sweep.search import sampling
from housing_sweep.search.spec import parse_spec

SPEC = parse_spec(
    {
        "method": "random",
        "parameters": {
            "x": {"min": 0.0, "max": 1.0},
            "y": {"min": 0.0, "max": 1.0},
            "c": {"values": ["a", "b"], "probabilities": [0.8, 0.2]},
        },
    }
)


def test_a_point_depends_on_seed_and_number_alone() -> None:
    assert sampling.point(SPEC, 7, 3) == sampling.point(SPEC, 7, 3)
    assert sampling.point(SPEC, 7, 3) != sampling.point(SPEC, 8, 3)
    assert sampling.point(SPEC, 7, 3) != sampling.point(SPEC, 7, 4)


def test_points_cover_the_square_evenly() -> None:
    points = [sampling.point(SPEC, 1, n) for n in range(64)]
    cells = Counter((int(4 * float(str(p["x"]))), int(4 * float(str(p["y"])))) for p in points)
    assert len(cells) == 16
    assert max(cells.values()) == 4  # plain random numbers would crowd some cells


def test_categories_come_as_often_as_they_should() -> None:
    drawn = [sampling.point(SPEC, 2, n)["c"] for n in range(400)]
    assert 290 <= drawn.count("a") <= 350


def test_random_access_equals_the_sequence() -> None:
    whole = sampling.sobol(3, 5, 0), sampling.sobol(3, 5, 1), sampling.sobol(3, 5, 1000)
    assert not np.array_equal(whole[0], whole[1])
    assert np.array_equal(sampling.sobol(3, 5, 1000), whole[2])
