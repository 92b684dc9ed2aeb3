"""Power laws through curves whose law is known."""

import numpy as np
import pytest

from headstart.core.learning_curves import extrapolate

SIZES = [10, 20, 40, 60, 80]


def law(size, a=0.1, b=0.9, c=0.5):
    return a + b * np.asarray(size, float) ** -c


def drawn(generator, spread, draws=5, **of_law):
    return law(SIZES, **of_law) + spread * generator.standard_normal((draws, len(SIZES)))


def test_a_law_without_noise_is_found():
    errors = drawn(np.random.default_rng(0), 1e-5)
    (there,) = extrapolate(SIZES, errors, [320])
    assert there.value == pytest.approx(law(320), abs=0.005)  # 0.1 + 0.9 / √320 = 0.1503
    assert there.low <= law(320) <= there.high


def test_a_flat_curve_stays_flat():
    errors = np.full((5, 5), 0.2)
    assert extrapolate(SIZES, errors, [160])[0].value == pytest.approx(0.2, abs=0.002)


def test_the_interval_holds_what_comes_in_nine_of_ten_draws():
    generator = np.random.default_rng(1)
    inside = 0
    for _ in range(100):
        c = generator.uniform(0.3, 1.0)
        (there,) = extrapolate(SIZES, drawn(generator, 0.02, c=c), [320])
        inside += there.low <= law(320, c=c) <= there.high
    assert inside >= 85


def test_more_noise_and_a_longer_way_widen_the_interval():
    def widths(spread, at):
        return [there.high - there.low for there in extrapolate(SIZES, drawn(np.random.default_rng(2), spread), at)]

    near, far = widths(0.005, [160, 1_000])
    assert widths(0.03, [160])[0] > 2 * near
    assert far > near


def test_noise_that_moves_whole_rows_counts_as_one_measurement():
    """Five draws that hold out the same hard and easy fifths agree on the shape, not on the level."""
    shift = np.array([[-0.1], [-0.05], [0.0], [0.05], [0.1]])
    (there,) = extrapolate(SIZES, law(SIZES) + shift, [160])
    # The mean of five such shifts has a standard error of 0.079 / √5 = 0.035.
    assert 2 * 0.035 < there.high - there.low < 6 * 0.035


def test_an_error_is_never_below_nought():
    assert extrapolate(SIZES, drawn(np.random.default_rng(3), 0.05, a=0.0, b=0.3), [1_000])[0].low >= 0


@pytest.mark.parametrize(("sizes", "shape"), [([1, 2], (5, 2)), (SIZES, (1, 5)), (SIZES, (5, 4)), (SIZES, (5,))])
def test_what_is_no_curve_is_refused(sizes, shape):
    with pytest.raises(ValueError, match="J >= 2"):
        extrapolate(sizes, np.zeros(shape), [100])
