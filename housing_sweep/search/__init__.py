"""THE SWEEP: what a spec means, which point comes next, and what an agent is told. Pure.

May import: errors, numpy, scipy. No disk, no network, no clock: the same question gets the same
answer on every machine. Start reading at `spec.py`, then `schedule.py`; `score.py` reads scores and
knows which way is good, for everybody.
"""
