"""Measures skeletal muscle on any scan. Research use only.

`analyze` takes a scan to measurements; `measure` does the same for a segmentation that exists already.
"""

from myoscope.anatomy import THIGH_STRUCTURES, ULTRASOUND_STRUCTURES, Side, Structure, StructureSet
from myoscope.benchmarking.benchmark import benchmark
from myoscope.benchmarking.values import Benchmark
from myoscope.data.agreement import Agreement, CorrelationTable
from myoscope.data.finding import Finding, Severity
from myoscope.data.frames import Calibration, Caliper, FrameValue, View
from myoscope.data.grid import Grid, LengthUnit
from myoscope.data.inference import InferenceOptions
from myoscope.data.measurement import Measurement, Measurements
from myoscope.data.modality import LabelledCase, LoadOptions, ModalityInfo, Recognition, SynthesisOptions
from myoscope.data.recipe import Recipe, TrainingPlan
from myoscope.data.result import CaseResult
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.data.station import Station
from myoscope.data.subject import Sex, Subject
from myoscope.errors import (
    ArchiveError,
    BatchError,
    GeometryError,
    InputError,
    ModelError,
    MyoscopeError,
    OutputError,
    PluginError,
    RecognitionError,
    SeriesError,
    UnreadableError,
    UsageError,
)
from myoscope.evaluation.evaluate import evaluate
from myoscope.evaluation.values import Evaluation, EvaluationRow
from myoscope.hookspecs import Modality, hookimpl
from myoscope.pipeline import analyze, load, measure, synthesize
from myoscope.plugins import modalities
from myoscope.stats.agreement import agree, agree_many

__version__ = "0.1.0"

__all__ = [
    "THIGH_STRUCTURES",
    "ULTRASOUND_STRUCTURES",
    "Agreement",
    "ArchiveError",
    "BatchError",
    "Benchmark",
    "Calibration",
    "Caliper",
    "CaseResult",
    "CorrelationTable",
    "Evaluation",
    "EvaluationRow",
    "Finding",
    "FrameValue",
    "GeometryError",
    "Grid",
    "InferenceOptions",
    "InputError",
    "LabelledCase",
    "LengthUnit",
    "LoadOptions",
    "Measurement",
    "Measurements",
    "Modality",
    "ModalityInfo",
    "ModelError",
    "MyoscopeError",
    "OutputError",
    "PluginError",
    "Recipe",
    "Recognition",
    "RecognitionError",
    "Scan",
    "Segmentation",
    "SeriesError",
    "Severity",
    "Sex",
    "Side",
    "Station",
    "Structure",
    "StructureSet",
    "Subject",
    "SynthesisOptions",
    "TrainingPlan",
    "UnreadableError",
    "UsageError",
    "View",
    "agree",
    "agree_many",
    "analyze",
    "benchmark",
    "evaluate",
    "hookimpl",
    "load",
    "measure",
    "modalities",
    "synthesize",
]
