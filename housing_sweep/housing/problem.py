"""California housing: its columns, with units and ranges.

Source: R. K. Pace and R. Barry, Sparse Spatial Autoregressions, Statistics and Probability Letters
33 (1997) 291-297; column definitions as in scikit-learn's `fetch_california_housing`.
"""

from housing_sweep.tabular.problem import Column, Problem

COLUMNS = (
    Column("MedInc", "10,000 USD", 0, 50, "median income in the block group"),
    Column("HouseAge", "years", 0, 150, "median house age in the block group"),
    Column("AveRooms", "rooms", 0, 1000, "average number of rooms per household"),
    Column("AveBedrms", "rooms", 0, 1000, "average number of bedrooms per household"),
    Column("Population", "people", 0, 1_000_000, "block group population"),
    Column("AveOccup", "people", 0, 10_000, "average number of household members"),
    Column("Latitude", "degrees", 32, 43, "block group latitude"),
    Column("Longitude", "degrees", -125, -114, "block group longitude"),
)

PROBLEM = Problem(
    name="california-housing",
    target=Column("MedHouseVal", "100,000 USD", 0, 50, "median house value, capped at 5.00001"),
    columns=COLUMNS,
    place=("Latitude", "Longitude"),
    file="housing.csv",
    margin=0.005,  # 500 USD of RMSE, about one standard error of a difference on 4,128 rows
)
TARGET, FEATURES = PROBLEM.target.name, PROBLEM.inputs
