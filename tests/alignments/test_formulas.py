"""Each alignment computes its paper's formula: figures by hand, or by a named library."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from headstart.alignments._kernels import discrepancy, gaussian
from headstart.alignments._reversal import growing, reversed_gradient
from headstart.alignments.base import Alignment, DomainView
from headstart.alignments.cdan import Cdan
from headstart.alignments.coral import Coral
from headstart.alignments.dann import Dann
from headstart.alignments.joint_mmd import JointMmd
from headstart.alignments.mcc import Mcc
from headstart.alignments.mdd import Mdd
from headstart.alignments.mmd import Mmd
from headstart.alignments.optimal_transport import OptimalTransport


def view(
    features: list[list[float]], logits: list[list[float]] | None = None, labels: list[int] | None = None
) -> DomainView:
    given = torch.tensor(features)
    said = torch.zeros(len(given), 2) if logits is None else torch.tensor(logits)
    return DomainView(given, said, None if labels is None else torch.tensor(labels))


def test_coral_by_hand() -> None:
    """Covariances diag(2, 0) and diag(2, 8): ‖difference‖² = 64, over 4 · 2² = 16."""
    source = view([[0.0, 0.0], [2.0, 0.0]])
    target = DomainView(
        torch.tensor([[0.0, 0.0], [2.0, 0.0]]) + torch.tensor([[5.0, 0.0], [5.0, 0.0]]), source.logits
    )
    assert Coral()(source, target).item() == pytest.approx(0.0)  # means are left alone
    wide = view([[0.0, 0.0], [2.0, 4.0]])
    ours = Coral()(source, wide).item()
    assert ours == pytest.approx((0 + 2 * 4.0**2 + 8.0**2) / 16)


def test_coral_is_numpys_covariance() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(7, 3)), random.normal(size=(9, 3))
    expected = np.sum((np.cov(first.T) - np.cov(second.T)) ** 2) / (4 * 9)
    made = Coral()(
        DomainView(torch.tensor(first), torch.zeros(7, 2)), DomainView(torch.tensor(second), torch.zeros(9, 2))
    )
    assert made.item() == pytest.approx(expected)


def test_the_kernel_by_hand() -> None:
    """Points 0, 1: the mean squared distance of two different ones is 1."""
    kernel = gaussian(torch.tensor([[0.0], [1.0]]), widths=(1.0, 2.0))
    off = (math.exp(-1) + math.exp(-1 / 2)) / 2
    assert kernel.tolist() == [[1.0, pytest.approx(off)], [pytest.approx(off), 1.0]]


def test_the_discrepancy_by_hand() -> None:
    """Within the source 0.8, within the target 0.6, across 0.1, 0.2, 0.3, 0.4 (mean 0.25)."""
    kernel = torch.tensor([[1, 0.8, 0.1, 0.2], [0.8, 1, 0.3, 0.4], [0.1, 0.3, 1, 0.6], [0.2, 0.4, 0.6, 1]])
    assert discrepancy(kernel, 2).item() == pytest.approx(0.8 + 0.6 - 2 * 0.25)


def test_mmd_is_the_unbiased_estimate_by_plain_loops() -> None:
    """Gretton et al. 2012, equation 3, term by term over pairs of different examples."""
    torch.manual_seed(0)
    first, second = torch.randn(6, 2), torch.randn(8, 2) + 3
    both = torch.cat([first, second])
    kernel = gaussian(both)
    within = [(kernel[i, j].item()) for i in range(6) for j in range(6) if i != j]
    other = [(kernel[i, j].item()) for i in range(6, 14) for j in range(6, 14) if i != j]
    across = [kernel[i, j].item() for i in range(6) for j in range(6, 14)]
    expected = np.mean(within) + np.mean(other) - 2 * np.mean(across)
    made = Mmd()(DomainView(first, torch.zeros(6, 2)), DomainView(second, torch.zeros(8, 2)))
    assert made.item() == pytest.approx(expected, abs=1e-6)
    assert made.item() > 0.5


def test_joint_mmd_by_hand() -> None:
    """Two points a domain on a line, sources at 0 and 1, targets at 0 and 1; the predictions go the other way round.

    Squared distances are 0 or 1; of the six pairs of different examples two are of equal points (s1 t1, s2 t2) and
    four are 1 apart, so the mean m is 2 / 3, and k = mean over w of exp(-1 / (w m)) for points 1 apart. Predictions,
    sure at (1, 0) or (0, 1), are 0 or 2 apart: equal for s1 and t2, for s2 and t1, so m is 4 / 3 and
    k = exp(-2 / (4 / 3)) = exp(-3 / 2). Within a domain both differ; across, just one of both does.
    """
    features, sure = [[0.0], [1.0]], [[60.0, -60.0], [-60.0, 60.0]]
    far = sum(math.exp(-1.5 / width) for width in (0.25, 0.5, 1.0, 2.0, 4.0)) / 5
    other = math.exp(-1.5)
    made = JointMmd()(view(features, sure), view(features, sure[::-1]))
    assert made.item() == pytest.approx(2 * far * other - 2 * (far + other) / 2)


def test_joint_mmd_sees_predictions_that_go_with_other_features() -> None:
    """Both domains have the same features and the same predictions, but not together."""
    features = [[0.0], [0.1], [5.0], [5.1]]
    together = [[4.0, -4.0], [4.0, -4.0], [-4.0, 4.0], [-4.0, 4.0]]
    source, same = view(features, together), view(features, together)
    crossed = view(features, together[::-1])
    assert Mmd()(source, crossed).item() == pytest.approx(Mmd()(source, same).item())
    assert JointMmd()(source, crossed).item() > JointMmd()(source, same).item() + 0.3


def test_the_gradient_is_reversed() -> None:
    values = torch.tensor([2.0], requires_grad=True)
    (3 * reversed_gradient(values, 0.5)).sum().backward()
    assert values.grad is not None
    assert values.grad.item() == pytest.approx(-1.5)
    assert growing(0.0) == 0.0
    assert growing(1.0) == pytest.approx(2 / (1 + math.exp(-10)) - 1)


def linear(alignment: Alignment, weights: list[float]) -> Alignment:
    """`alignment` with a discriminator of one layer without a bias, whose answers are known."""
    layer = nn.Linear(len(weights), 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([weights]))
    alignment.discriminator = layer
    return alignment


def test_dann_by_hand() -> None:
    """A discriminator a = f1 + 2 f2: of the sources 5 and -1, of the target 11.

    L = ½ (log(1 + e^-5) + log(1 + e)) / 2 + ½ log(1 + e^11).
    """
    made = linear(Dann(), [1.0, 2.0])(view([[1.0, 2.0], [1.0, -1.0]]), view([[3.0, 4.0]]))
    near = (math.log1p(math.exp(-5)) + math.log1p(math.exp(1))) / 2
    assert made.item() == pytest.approx((near + math.log1p(math.exp(11))) / 2)


def test_dann_teaches_the_discriminator_and_unteaches_the_features() -> None:
    torch.manual_seed(0)
    made = built(Dann(), 1)
    features = [torch.full((4, 1), side, requires_grad=True) for side in (-1.0, 1.0)]
    logits = torch.zeros(4, 2)
    loss = made(*(DomainView(part, logits) for part in features))
    loss.backward()
    downhill = [(part - 0.1 * part.grad).detach() for part in features]  # type: ignore[operator]
    harder = made(*(DomainView(part, logits) for part in downhill))
    assert harder.item() > loss.item(), "a step down the gradient must make the domains harder to tell"
    with torch.no_grad():
        for parameter in made.parameters():
            parameter -= 0.1 * parameter.grad  # type: ignore[operator]
    easier = made(*(DomainView(part, logits) for part in features))
    assert easier.item() < loss.item(), "a step of the discriminator must make them easier to tell"


def test_cdan_by_hand() -> None:
    """Predictions (1, 0), (½, ½): H = 0, log 2, so 1 + exp(-H) = 2, 1.5, of mean 1 divided by 1.75: 8/7, 6/7.

    f ⊗ g of f = 2 are (2, 0), (1, 1); the discriminator reads a = p1 - 3 p2: 2 and -2. Both domains are the same, so
    L = ½ [8/7 log(1 + e^-2) + 6/7 log(1 + e^2)] / 2 + ½ [8/7 log(1 + e^2) + 6/7 log(1 + e^-2)] / 2.
    """
    made = linear(Cdan(), [1.0, -3.0])
    made.random = False
    both = view([[2.0], [2.0]], [[60.0, -60.0], [0.0, 0.0]])
    low, high = math.log1p(math.exp(-2)), math.log1p(math.exp(2))
    expected = (8 / 7 * low + 6 / 7 * high) / 4 + (8 / 7 * high + 6 / 7 * low) / 4
    assert made(both, both).item() == pytest.approx(expected)
    alone = made(view([[2.0], [2.0]], [[60.0, -60.0], [0.0, 0.0]]), view([[0.0]]))
    assert alone.item() == pytest.approx((8 / 7 * low + 6 / 7 * high) / 4 + math.log(2) / 2)
    assert made._together(torch.tensor([[2.0, 3.0]]), torch.tensor([[0.25, 0.75]])).tolist() == [
        [0.5, 0.75, 1.5, 2.25]
    ]


def test_cdan_takes_random_products_of_many() -> None:
    torch.manual_seed(0)
    made = Cdan()
    made.build(2048, 100)
    features, predictions = torch.randn(3, 2048), torch.rand(3, 100)
    products = (features @ made.of_features) * (predictions @ made.of_predictions) / 64  # the root of 4096
    torch.testing.assert_close(made._together(features, predictions), products)
    assert products.shape == (3, 4096)


def test_mcc_by_hand() -> None:
    """At T = 2 logits (2 log 4, 0) and (0, 0) are ŷ = (0.8, 0.2) and (0.5, 0.5).

    H = -.8 log .8 - .2 log .2 = 0.500402 and log 2; 1 + e^-H = 1.606287 and 1.5; W = 2 (…) / 3.106287 =
    1.034217 and 0.965783. C11 = W1 .64 + W2 .25 = 0.903345, C12 = C21 = W1 .16 + W2 .25 = 0.406920,
    C22 = W1 .04 + W2 .25 = 0.282814. Rows sum to 1.310265 and 0.689735, so L = (.310563 + .589966) / 2.
    """
    logits = [[2 * math.log(4), 0.0], [0.0, 0.0]]
    made = Mcc(temperature=2.0)(view([[0.0]]), view([[0.0], [0.0]], logits))
    assert made.item() == pytest.approx((0.310563 + 0.589966) / 2, abs=1e-5)
    sure = view([[0.0], [0.0]], [[50.0, -50.0], [-50.0, 50.0]])
    assert Mcc(temperature=1.0)(sure, sure).item() == pytest.approx(0.0, abs=1e-6)


def test_mdd_by_hand() -> None:
    """A second head of one layer, logits f · (log 2, log 3, 0): σ = (2, 3, 1) / 6 for f = 1, (4, 9, 1) / 14 for 2.

    The head predicts class 1 for the source and 0 for the target, so L = -3 log(3 / 6) - log(1 - 4 / 14).
    """
    made = Mdd(margin=3.0)
    made.other = nn.Linear(1, 3, bias=False)
    with torch.no_grad():
        made.other.weight.copy_(torch.tensor([[math.log(2)], [math.log(3)], [0.0]]))
    source, target = view([[1.0]], [[0.0, 2.0, 1.0]]), view([[2.0]], [[3.0, 0.0, 1.0]])
    assert made(source, target).item() == pytest.approx(3 * math.log(2) - math.log(10 / 14))


def test_optimal_transport_by_hand() -> None:
    """Points 0, 10 against 1, 11: matched in order, each half of the mass 1 away; labels as the logits say."""
    pytest.importorskip("ot", reason="needs POT, the extra 'ot'")
    source = view([[0.0], [10.0]], labels=[0, 1])
    target = view([[11.0], [1.0]], [[math.log(0.1), math.log(0.9)], [math.log(0.9), math.log(0.1)]])
    made = OptimalTransport(alpha=1.0, trade=2.0)(source, target)
    assert made.item() == pytest.approx(1.0 + 2.0 * -math.log(0.9))


def built(alignment: Alignment, width: int) -> Alignment:
    alignment.build(width, 2)
    return alignment
