"""What every alignment promises; a new one joins by its file."""

from __future__ import annotations

import pytest
import torch

from headstart.alignments import ALIGNMENTS
from headstart.alignments.base import Alignment, DomainView
from headstart.core.errors import MissingDependency


def views(apart: float, count: int = 12) -> tuple[DomainView, DomainView]:
    """Two domains of two classes, the second `apart` from the first, with logits that go with the features."""
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(count) % 2
    source = torch.randn(count, 4, generator=random) + 2 * labels[:, None]
    target = torch.randn(count, 4, generator=random) * (1 + apart) + 2 * labels[:, None] + apart
    return tuple(  # type: ignore[return-value]
        DomainView(part.requires_grad_(), part[:, :3] - 1, known)
        for part, known in ((source, labels), (target, None))
    )


@pytest.fixture(params=ALIGNMENTS.names())
def alignment(request: pytest.FixtureRequest) -> Alignment:
    torch.manual_seed(0)
    made: Alignment = ALIGNMENTS.load(request.param)()
    made.build(4, 3)
    try:
        made(*views(1.0))
    except MissingDependency as missing:
        pytest.skip(str(missing))
    return made


def test_it_is_a_finite_scalar_with_a_gradient(alignment: Alignment) -> None:
    source, target = views(1.0)
    loss = alignment(source, target)
    assert loss.shape == ()
    assert torch.isfinite(loss)
    loss.backward()
    assert target.features.grad is not None
    assert target.features.grad.abs().sum() > 0, "a loss that moves nothing aligns nothing"


def test_it_takes_batches_of_different_sizes(alignment: Alignment) -> None:
    source, _ = views(1.0)
    _, target = views(1.0, 6)
    assert torch.isfinite(alignment(source, target))


def test_a_batch_that_is_too_small_is_an_error_not_nought(alignment: Alignment) -> None:
    source, target = views(1.0)
    few = DomainView(target.features[: alignment.fewest - 1], target.logits[: alignment.fewest - 1])
    with pytest.raises(ValueError, match="at least"):
        alignment(source, few)


def test_its_parameters_are_trained_by_the_same_loss(alignment: Alignment) -> None:
    alignment(*views(1.0)).backward()
    assert all(parameter.grad is not None for parameter in alignment.parameters())


def test_its_documentation_names_a_paper_and_a_formula(alignment: Alignment) -> None:
    said = type(alignment).__doc__ or ""
    assert "arXiv:" in said
    assert " = " in said
    assert alignment.summary
    assert alignment.weight > 0
