"""Tables of what `engine.py` measured."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from engine_model import SEED
from engine_pace import BACKENDS, STARTS
from engine_records import Records, Row, middle, print_table, shown, spread
from engine_ways import AUTO, PLAIN, PROBABILITIES, WAYS


def print_tables(records: Records) -> None:
    """Print a table for each part that was measured."""
    for part, print_part in PRINTED.items():
        rows = records.of(part) or (records.of("memory") if part == "time" else [])
        if rows:
            print_part(records, rows)


def _starting(_: Records, rows: list[Row]) -> None:
    lines = [(name, spread([r for r in rows if r["command"] == name], "seconds", 2)) for name in STARTS]
    print_table("Starting, a fresh process each", ("command", "s, median (range)"), lines)


def _floor(records: Records, rows: list[Row]) -> None:
    """Print seconds a window beside the least that its arithmetic takes."""
    floor = rows[-1]
    rates = {name: floor[name] for name in ("float32", "bfloat16")}
    lines = []
    for backend, precision in BACKENDS:
        of = records.of("window", {"backend": f"{backend} {precision}", "model": floor["model"]})
        seconds = middle(of, "seconds")
        if seconds is not None:
            least, reached = floor["gflop"] / rates[precision], floor["gflop"] / seconds
            share = f"{reached / rates[precision]:.0%}"
            name = f"{backend} {precision}"
            lines.append((name, spread(of, "seconds", 2), f"{least:.2f}", f"{reached:.0f}", share))
    title = f"A window: {floor['gflop']:.0f} GFLOP; products of matrices: " + ", ".join(
        f"{rate:.0f} GFLOP/s {name}" for name, rate in rates.items()
    )
    print_table(title, ("backend", "s, median (range)", "floor, s", "GFLOP/s", "of the floor's"), lines)


def _ways(records: Records, rows: list[Row]) -> None:
    """Print time, memory, equality and accuracy of every way."""
    setting = {name: rows[-1][name] for name in ("size", "model")}
    key = setting | {"seed": SEED}
    base = middle(records.of("time", key | {"way": PLAIN.name}), "seconds")
    lines = []
    for way in WAYS:
        timed = records.of("time", key | {"way": way.name})
        labels = (records.of("labels", key | {"way": way.name}) or [{}])[-1]
        memory = (records.of("memory", key | {"way": way.name}) or [{}])[-1]
        if not timed and not memory:
            continue
        seconds = middle(timed, "seconds")
        faster = base / seconds if base and seconds and not way.wide else None
        ran_by = f" ({timed[-1]['ran_by']})" if timed and way == AUTO else ""
        lines.append(
            (
                way.name + ran_by, spread(timed, "seconds"), shown(middle(timed, "cpu"), "{:.1f}".format),
                shown(faster, "{:.2f}".format), shown(middle(timed, "windows"), "{:.0f}".format),
                *(_percent(labels.get(name)) for name in EQUAL),
                shown(labels.get("dice"), "{:.4f}".format), _dice_lost(records, setting, way.name),
                shown(memory.get("peak_mb"), "{:.0f}".format), shown(memory.get("added_mb"), "{:.0f}".format),
            )
        )  # fmt: skip
    head = (
        "way", "s, median (range)", "CPU s", "x", "windows", "equal", "inside", "equal, prob.", "inside", "Dice",
        "Dice lost, unseen", "peak MiB", "added MiB",
    )  # fmt: skip
    size = " x ".join(map(str, setting["size"]))
    print_table(f"{size} voxels, {setting['model']}; equal to {PLAIN.name} and to {PROBABILITIES.name}", head, lines)


def _dice_lost(records: Records, setting: Row, way: str) -> str:
    """Return the mean over unseen cases of how much lower the Dice is than MONAI's."""
    scores = {(r["seed"], r["way"]): r["dice"] for r in records.of("labels", setting) if r["seed"] != SEED}
    lost = [scores[seed, PLAIN.name] - dice for (seed, name), dice in scores.items()
            if name == way and (seed, PLAIN.name) in scores]  # fmt: skip
    return f"{statistics.mean(lost):+.4f} (n={len(lost)})" if lost else ""


def _embedded(records: Records, rows: list[Row]) -> None:
    """Print the embedded models, run MONAI's way and by themselves."""
    lines = []
    for model in dict.fromkeys(row["model"] for row in rows):
        of_model = [r for r in rows if r["model"] == model]
        scores = {(r["seed"], r["way"]): r["dice"] for r in records.of("embedded labels", {"model": model})}
        for way in sorted({r["way"] for r in of_model}):
            timed, plain = ([r for r in of_model if r["way"] == w and r["seed"] == SEED] for w in (way, PLAIN.name))
            ours, theirs = middle(timed, "seconds"), middle(plain, "seconds")
            labels = records.of("embedded labels", {"model": model, "way": way})
            lost = [scores[seed, PLAIN.name] - dice for (seed, name), dice in scores.items() if name == way]
            lines.append(
                (
                    model, way, timed[-1]["ran_by"], spread(timed, "seconds", 2),
                    shown(theirs / ours if theirs and ours else None, "{:.2f}".format),
                    shown(middle(timed, "windows"), "{:.0f}".format),
                    *(_percent(_mean(labels, name)) for name in EQUAL),
                    shown(_mean(labels, "dice"), "{:.4f}".format), f"{statistics.mean(lost):+.4f} (n={len(lost)})",
                )
            )  # fmt: skip
    head = (
        "model", "way", "run by", "s, median (range)", "x", "windows", "equal", "inside", "equal, prob.", "inside",
        "Dice", "Dice lost",
    )  # fmt: skip
    print_table("Embedded models", head, lines)


def _mean(rows: list[Row], name: str) -> float | None:
    return statistics.mean(row[name] for row in rows) if rows else None


def _growth(_: Records, rows: list[Row]) -> None:
    lines = [
        (
            row["tool"], " x ".join(map(str, row["size"])), str(row["classes"]),
            shown(row.get("seconds"), "{:.1f}".format), shown(row.get("cpu"), "{:.1f}".format),
            shown(row.get("peak_mb"), "{:.0f}".format),
            f"not run: {row['needs_mb'] / 1024:.0f} GiB" if "needs_mb" in row else row.get("failed", ""),
        )
        for row in rows
    ]  # fmt: skip
    print_table(
        "The engine without the network: one fixed 1 x 1 x 1 convolution, few classes a place",
        ("tool", "voxels", "classes", "s", "CPU s", "peak MiB", ""), lines,
    )  # fmt: skip


def _percent(share: float | None) -> str:
    return shown(share, "{:.3%}".format)


EQUAL = ("equal", "equal_inside", "equal_probabilities", "equal_probabilities_inside")
PRINTED: dict[str, Callable[[Records, list[Row]], None]] = {
    "starting": _starting,
    "floor": _floor,
    "time": _ways,
    "embedded": _embedded,
    "growth": _growth,
}
