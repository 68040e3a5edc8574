"""What any drawing must be, whatever is drawn."""

import math
import re
import xml.etree.ElementTree as ET

from hypothesis import strategies as st

from housing_sweep.drawing.scales import LARGEST

SIZES = (LARGEST, -LARGEST, 1.634e308, 5e-324, -5e-324, 1e-310, 0.0)
any_number = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(SIZES)


def check_drawing(svg: str) -> None:
    """Every number of a drawing is finite; dots, bars and words are inside the picture."""
    if not svg:
        return
    root = ET.fromstring(svg)
    _, _, width, height = map(float, root.get("viewBox", "").split())
    for element in root.iter():
        for number in re.findall(r"[^\s,MLHVCZh]+", element.get("d", "")):
            assert math.isfinite(float(number)), svg
        for axis, most in (("x", width), ("y", height)):
            for key in (axis, f"{axis}1", f"{axis}2", f"c{axis}"):
                assert -0.1 <= float(element.get(key, 0)) <= most + 0.1, ET.tostring(element)
