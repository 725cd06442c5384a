"""The mean of a model and the one that was trained on from it, which keeps more of what the first knew of other scans.

    python benchmarks/mean_weights.py MODEL TRAINED_ON --data DATA -o PACKAGE

Writes a package with the card of `TRAINED_ON` but for the figures, those of the mean on the cases that DATA holds out
(fold 0), and the command. After Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022, arXiv 2109.01903.
Research use only.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from myoscope.models import ModelPackage, load_network, read_package, write_package
from myoscope.plugins import open_modality
from myoscope.training.folders import labelled_files
from myoscope.training.scoring import score_cases
from myoscope.training.start import find_start
from myoscope.training.subjects import held_out, read_memberships


def main() -> None:
    """Write the package and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="model that training started from, by id or path")
    parser.add_argument("trained_on", type=Path, help="package that training ended with")
    parser.add_argument("--data", type=Path, required=True, help="labelled cases of that training")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    last = read_package(options.trained_on)
    first = find_start(options.model, last.card.recipe)
    command = f"python benchmarks/mean_weights.py {options.model} {options.trained_on} --data {options.data}"
    last = replace(last, card=replace(last.card, command=f"{last.card.command} && {command} -o {options.output}"))
    package = mean_of(first, last, options.data, options.output)
    for score in package.card.scores:
        print(f"{score.structure:22} {score.dice_mean:.3f} {score.volume_error_median_pct:5.1f}%")


def mean_of(first: ModelPackage, last: ModelPackage, data: Path, output: Path) -> ModelPackage:
    """Return the written package of both models' mean weights, scored on the cases that `data` holds out."""
    card, modality = last.card, open_modality(last.card.modality)
    network = load_network(last, modality, "cpu")
    theirs = load_network(first, modality, "cpu").state_dict()
    mean = {name: (weights + theirs[name]) / 2 for name, weights in network.state_dict().items()}
    network.load_state_dict(mean)
    network = network.half().float()  # as the package stores it: the figures are of that
    files = labelled_files(data)
    members = read_memberships(data, [image.name for image, _ in files], required=False)
    chosen = held_out(members, fold=0)
    found = score_cases([pair for pair in files if pair[0].name in chosen], network, card.recipe, modality, "cpu")
    card = replace(card, scores=found.scores, usual_certainty=found.usual_certainty, calibration=found.calibration)
    return write_package(card, network.state_dict(), output)


if __name__ == "__main__":
    main()
