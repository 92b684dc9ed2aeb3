"""SetFit by its own package and recipe: contrastive pairs tune the sentence encoder, then logistic regression."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

from ._job import Clock, Job, Skip, run

PAIRS, BATCH = 20, 16
"""Iterations of pairs for each example, and pairs a step: those of Tunstall et al. 2022 (arXiv:2209.11055)."""


def set_fit(job: Job, clock: Clock) -> tuple[Sequence[str], str]:
    """Labels of the test texts. The budget is not kept: the recipe has no notion of it."""
    if job.modality != "text":
        raise Skip("SetFit takes texts")
    try:
        from datasets import Dataset
        from setfit import SetFitModel, Trainer, TrainingArguments
    except ImportError as error:
        raise Skip(f"pip install setfit evaluate ({error})") from error
    model = SetFitModel.from_pretrained(job.backbone, local_files_only=True, labels=job.classes)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, batch_size=BATCH, num_epochs=1, num_iterations=PAIRS, seed=job.seed, report_to="none",
            save_strategy="no", show_progress_bar=False,
        )  # fmt: skip
        examples = Dataset.from_dict({"text": job.train_inputs, "label": job.targets})
        Trainer(model=model, args=arguments, train_dataset=examples).train()
    predicted = [str(label) for label in model.predict(job.test_inputs)]
    return predicted, f"{2 * PAIRS * len(job.train_inputs)} pairs"


if __name__ == "__main__":
    run(set_fit)
