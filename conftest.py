"""Settings of all tests here.

Hypothesis measures no time, for how busy a machine is says nothing about the code. Garbage is collected rarely: the
schema and what every file imports stay for good, and looking through them again and again took a third of a run.
"""

from __future__ import annotations

import gc

from hypothesis import HealthCheck, settings

SWEEPS = 50_000, 20, 5

settings.register_profile("gongzhi", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gongzhi")


def pytest_collection_finish() -> None:
    """Leave alone what is there before the first test, and sweep what comes after it now and then."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SWEEPS)
