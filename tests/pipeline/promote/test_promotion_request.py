"""What a promotion may be asked for."""

from typing import Any

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.pipeline.promote.promotion_request import PromotionRequest


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"sweep": "s", "source": "staging"},
        {"source": "staging"},
        {"source": "v1", "refit": True},
        {"source": "v1", "metric": "val_mae"},
        {"sweep": "s", "unverified": True, "refit": True},
        {"sweep": "s", "spatial": False},
    ],
)
def test_what_cannot_be_meant_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        PromotionRequest(**bad)
