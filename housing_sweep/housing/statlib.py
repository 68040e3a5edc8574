"""The raw StatLib columns, and how scikit-learn's follow from them.

Source: sklearn/datasets/_california_housing.py.
"""

from typing import TYPE_CHECKING

from housing_sweep.housing.problem import TARGET
from housing_sweep.tabular.extras import Layout

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "longitude",
    "latitude",
    "housing_median_age",
    "total_rooms",
    "total_bedrooms",
    "population",
    "households",
    "median_income",
)
PRICE = "median_house_value"


def derive(raw: "pd.DataFrame") -> "pd.DataFrame":
    """Return scikit-learn's columns from StatLib's, with the target if the price is there."""
    import pandas as pd

    households = raw["households"]
    derived = pd.DataFrame(
        {
            "MedInc": raw["median_income"],
            "HouseAge": raw["housing_median_age"],
            "AveRooms": raw["total_rooms"] / households,
            "AveBedrms": raw["total_bedrooms"] / households,
            "Population": raw["population"],
            "AveOccup": raw["population"] / households,
            "Latitude": raw["latitude"],
            "Longitude": raw["longitude"],
        }
    )
    if PRICE in raw:
        derived[TARGET] = raw[PRICE] / 100_000.0
    return derived


LAYOUT = Layout(COLUMNS, PRICE, derive)
