"""How examples are put together into batches: by shape, by length, in memory that is used again."""

from __future__ import annotations

import torch

from headstart.frozen._batching import Stack, batch_size, by_length


def example(fill: float, *shape: int) -> dict[str, torch.Tensor]:
    return {"pixels": torch.full(shape, fill), "place": torch.tensor(int(fill))}


def test_a_stack_uses_its_memory_again_for_the_same_shape_alone() -> None:
    stack = Stack()
    first = stack([example(1, 2, 3), example(2, 2, 3)])
    assert first["pixels"].tolist() == [[[1.0] * 3] * 2, [[2.0] * 3] * 2]
    assert first["place"].tolist() == [1, 2]
    where = first["pixels"].data_ptr()
    again = stack([example(3, 2, 3), example(4, 2, 3)])
    assert again["pixels"].data_ptr() == where
    assert again["pixels"][:, 0, 0].tolist() == [3, 4]
    assert stack([example(5, 2, 3)])["pixels"].shape == (1, 2, 3)
    assert stack([example(6, 4)])["pixels"].tolist() == [[6.0] * 4]
    assert list(stack([{"ids": torch.zeros(4, dtype=torch.int64)}])) == ["ids"]


def test_a_stack_works_in_and_out_of_inference_mode() -> None:
    stack = Stack()
    with torch.inference_mode():
        assert stack([example(1, 2)])["place"].tolist() == [1]
    assert stack([example(2, 2)])["place"].tolist() == [2]
    with torch.inference_mode():
        assert stack([example(3, 2)])["place"].tolist() == [3]


def test_the_longest_come_first_and_those_of_one_length_together() -> None:
    lengths = {0: 8, 1: 16, 2: 8, 3: 24, 4: 16}
    assert by_length([0, 1, 2, 3, 4], lengths.__getitem__) == [[3], [1, 4], [0, 2]]


def test_large_inputs_and_token_ids_come_in_small_batches() -> None:
    assert batch_size({"pixels": torch.zeros(3, 224, 224)}) == 8
    assert batch_size({"pixels": torch.zeros(3, 16, 16)}) == 32
    assert batch_size({"input_ids": torch.zeros(16, dtype=torch.int64)}) == 8
