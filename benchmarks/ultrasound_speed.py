"""Frames a second of a video, end to end, beside plain eager PyTorch with the same network; and the first frame.

    python benchmarks/ultrasound_speed.py [--site longitudinal] [--frames 250] [--rounds 3]

Both read the same MP4 in one process, in turns. The plain way decodes, resizes, runs the network one frame at a time in
eager float32, brings its probabilities to the frame's pixels and takes the winner: no refinement, no measuring. What
`myoscope.analyze` does beyond that is part of its time. Masks are compared before refinement, pixel by pixel.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import myoscope
from myoscope.inference import run_model
from myoscope.models import find_model, load_network
from myoscope.plugins import open_modality

SEED = 4242


def written_video(site: str, frames: int, path: Path) -> tuple[Path, float]:
    """Write a synthetic video and return its path and pixel size in mm."""
    options = myoscope.SynthesisOptions(site=site, frames=frames, size=(512, 512))
    scan = myoscope.synthesize("ultrasound", SEED, options).scan
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, scan.grid.size, isColor=False)
    for frame in scan.image:
        writer.write(frame)
    writer.release()
    return path, scan.grid.spacing_mm[0]


def plain(path: Path, scan: myoscope.Scan, model: str) -> NDArray[np.uint8]:
    """Return labels of a video as a script without myoscope's engine would compute them."""
    import torch

    package = find_model(model, "ultrasound")
    network = load_network(package, open_modality("ultrasound"), "cpu")
    rows, columns = scan.calibration.view.slices  # type: ignore[union-attr]
    size = (columns.stop - columns.start, rows.stop - rows.start)
    structures = open_modality("ultrasound").describe().structures
    values = np.array([0, *(structures[n].id for n in package.card.recipe.structures)], dtype=np.uint8)
    video, found = cv2.VideoCapture(str(path)), []
    while True:
        read, frame = video.read()
        if not read:
            break
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)[rows, columns]
        small = cv2.resize(grey, package.card.recipe.window, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        with torch.no_grad():
            shares = network(torch.from_numpy(small)[None, None]).softmax(dim=1)
            fine = torch.nn.functional.interpolate(shares, size[::-1], mode="bilinear", align_corners=False)
        labels = np.zeros(frame.shape[:2], dtype=np.uint8)
        labels[rows, columns] = values[fine[0].argmax(dim=0).numpy()]
        found.append(labels)
    return np.stack(found)


def first_frame(picture: Path, site: str, spacing: float) -> float:
    """Return the seconds from a fresh process to the measurements of one frame."""
    code = (
        "import myoscope; "
        f"myoscope.analyze({str(picture)!r}, modality='ultrasound', device='cpu', "
        f"options=myoscope.LoadOptions(site={site!r}, spacing_mm={spacing!r}))"
    )
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", default="longitudinal")
    parser.add_argument("--frames", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path, spacing = written_video(args.site, args.frames, Path(folder) / "video.mp4")
        options = myoscope.LoadOptions(site=args.site, spacing_mm=spacing)
        scan = myoscope.load(path, modality="ultrasound", options=options)
        plugin = open_modality("ultrasound")
        model = plugin.describe().sites[args.site]
        ours, theirs = [], []
        for _ in range(args.rounds):
            started = time.perf_counter()
            result = myoscope.analyze(path, modality="ultrasound", options=options, device="cpu")
            ours.append(time.perf_counter() - started)
            started = time.perf_counter()
            masks = plain(path, scan, model)
            theirs.append(time.perf_counter() - started)
        labels = run_model(scan, plugin, find_model(model, "ultrasound"), device="cpu").labels
        equal = float(np.mean(labels == masks))
        picture = Path(folder) / "frame.png"
        cv2.imwrite(str(picture), scan.image[0])
        latency = first_frame(picture, args.site, spacing)
    best, other = statistics.median(ours), statistics.median(theirs)
    print(f"{args.frames} frames of {scan.grid.size[0]} x {scan.grid.size[1]} pixels, {model}, median of {args.rounds}")
    print(f"myoscope.analyze, end to end    {best:6.2f} s  {args.frames / best:6.1f} frames/s")
    for stage in result.provenance.stages:
        print(f"    {stage.stage:<12} {stage.seconds:6.2f} s  {stage.seconds / args.frames * 1000:6.2f} ms a frame")
    print(f"plain eager PyTorch, masks only {other:6.2f} s  {args.frames / other:6.1f} frames/s")
    print(f"ratio {other / best:.2f}; equal pixels {equal:.4%}; a frame in a fresh process {latency:.1f} s")


if __name__ == "__main__":
    main()
