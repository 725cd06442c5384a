"""Compare segmentations with their references, case by case, and sum up."""

from myoscope.evaluation.compare import compare
from myoscope.evaluation.evaluate import evaluate
from myoscope.evaluation.values import Evaluation, EvaluationRow
from myoscope.evaluation.writing import write_evaluation, write_rows

__all__ = ["Evaluation", "EvaluationRow", "compare", "evaluate", "write_evaluation", "write_rows"]
