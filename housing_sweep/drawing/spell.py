"""Numbers, scores and sizes as people read them."""

import math


def spell(value: object, digits: int = 4) -> str:
    """Return a value as people read it: at most `digits` significant digits."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return "–" if value is None else str(value)
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return f"{int(value):,}" if abs(value) < 1e15 else f"{value:.{digits}g}"
    if isinstance(value, float):
        return f"{value:.{digits}g}" if math.isfinite(value) else str(value)
    return str(value)


def spell_score(value: float | None) -> str:
    """Return a score with four decimals; a very large one by its power of ten."""
    if value is None:
        return "–"
    return f"{value:.4f}" if abs(value) < 1e9 else f"{value:.4g}"


def spell_short(value: float) -> str:
    """Return a value in few characters, e.g. `100k`, `2.5M`."""
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (1e3 if letter == 'k' else limit):.4g}{letter}"
    return f"{value:.3g}"


def spell_bytes(value: float) -> str:
    """Return a size, e.g. `1.2 MB`."""
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
