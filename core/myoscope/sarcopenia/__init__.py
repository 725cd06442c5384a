"""Sarcopenia classes from a table row, by published cut-offs. Research use only."""

from myoscope.sarcopenia.classify import classify, classify_rows
from myoscope.sarcopenia.cutoffs import Cutoff, cutoffs
from myoscope.sarcopenia.definitions import DEFINITIONS
from myoscope.sarcopenia.facts import FACTS, Facts, read_facts
from myoscope.sarcopenia.values import Classification, Evidence, Stage, Truth

__all__ = [
    "DEFINITIONS",
    "FACTS",
    "Classification",
    "Cutoff",
    "Evidence",
    "Facts",
    "Stage",
    "Truth",
    "classify",
    "classify_rows",
    "cutoffs",
    "read_facts",
]
