"""Every installed modality and model on cases whose answers are known: accuracy, measurement error, time, memory."""

from myoscope.benchmarking.benchmark import benchmark
from myoscope.benchmarking.values import Benchmark, BenchmarkRow, MeasureError
from myoscope.benchmarking.writing import write_benchmark

__all__ = ["Benchmark", "BenchmarkRow", "MeasureError", "benchmark", "write_benchmark"]
