"""Points of a reliability diagram, by hand."""

import numpy as np
import pytest

from headstart.model.calibration import reliability


def test_bins_by_hand():
    confidence = np.array([0.0, 0.05, 0.55, 0.59, 0.51, 1.0])
    correct = np.array([False, True, True, True, False, True])
    points = reliability(confidence, correct, bins=10)
    assert [count for _, _, count in points] == [2, 3, 1]
    assert points[0][:2] == pytest.approx((0.025, 0.5))
    assert points[1][:2] == pytest.approx((0.55, 2 / 3))
    assert points[2][:2] == (1.0, 1.0)
