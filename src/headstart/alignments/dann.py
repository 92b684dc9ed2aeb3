"""Domain-adversarial training: features from which a discriminator cannot tell the domain."""

from __future__ import annotations

from torch import Tensor, nn

from headstart.alignments._reversal import discriminator, domain_loss, growing, reversed_gradient
from headstart.alignments.base import Alignment, DomainView


class Dann(Alignment):
    """Ganin et al. 2016, "Domain-adversarial training of neural networks", arXiv:1505.07818:

        L = -½ E_s log D(f) - ½ E_t log(1 - D(f)),   ∂L/∂f reversed, times λ_p = 2 / (1 + exp(-10 p)) - 1

    for features f, a discriminator D and the share p of the training that is done.
    """

    summary = "features that do not give away the domain"
    fewest = 1

    def build(self, width: int, classes: int) -> None:
        self.discriminator: nn.Module = discriminator(width)

    def forward(self, source: DomainView, target: DomainView) -> Tensor:
        self.check(source, target)
        strength = growing(self.progress)
        return domain_loss(
            *(self.discriminator(reversed_gradient(view.features, strength)) for view in (source, target))
        )
