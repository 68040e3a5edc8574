"""What a feature set expects of rows by itself, and how far an estimator may depart from it."""

from dataclasses import dataclass

from housing_sweep.tabular.arrays import Floats


@dataclass(frozen=True, slots=True)
class Prior:
    """An expectation of each row, towards which the estimator's predictions are drawn.

    Attributes:
        value: (n,) expected targets, in the target's unit.
        trust: (n,) in (0, 1]: the share of the estimator's prediction in the final one.
    """

    value: Floats
    trust: Floats

    def settle(self, predicted: Floats) -> Floats:
        """Return the final predictions, shaped (n,), for those of the estimator."""
        return self.value + self.trust * (predicted - self.value)

    def goal(self, y: Floats) -> Floats:
        """Return what the estimator must predict for the final predictions to be `y`, shaped (n,).

        Weighted by `trust` squared, its squared error against this is that of the final prediction.
        """
        return self.value + (y - self.value) / self.trust
