"""What tests of pretrained detectors share: a network and the backbone that its folder gives, to change."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from headstart.backbones.detectors.backbone import DetectorBackbone


@pytest.fixture
def pair(made: tuple[Any, DetectorBackbone]) -> tuple[Any, DetectorBackbone]:
    """A copy of what the fixture `made` of the test's own module gives, which is made once for all its tests."""
    torch.manual_seed(0)
    return copy.deepcopy(made)
