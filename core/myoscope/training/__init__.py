"""From labelled cases to a model package: one path for every recipe."""

from myoscope.training.fit import TrainingRun, train

__all__ = ["TrainingRun", "train"]
