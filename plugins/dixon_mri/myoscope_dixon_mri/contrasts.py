"""Which contrast an image is, from what its header or its name says; what its signal says is in `physics`.

The terms are those of Siemens, as UK Biobank field 20201 has them (descriptions `Dixon_BH_17s_W`, `_F`, `_in`, `_opp`;
image types WATER, FAT, IN_PHASE, OPP_PHASE, OUT_PHASE), Philips mDIXON (image types W, F, IP, OP, FF), and GE LAVA-Flex
and IDEAL (descriptions `WATER: ...`, `FAT: ...`, `InPhase: ...`, `OutPhase: ...`).
"""

from __future__ import annotations

import re

from myoscope.io import MRFacts
from myoscope_dixon_mri.structures import PDFF

#: Values of ImageType and FrameType, whole.
IMAGE_TYPES = {
    **dict.fromkeys(("W", "WATER"), "water"),
    **dict.fromkeys(("F", "FAT"), "fat"),
    **dict.fromkeys(("IP", "IN_PHASE", "INPHASE"), "in_phase"),
    **dict.fromkeys(
        ("OP", "OPP_PHASE", "OUT_PHASE", "OUTPHASE", "OUT_OF_PHASE", "OPPOSED_PHASE", "OPPOSEDPHASE"), "opposed_phase"
    ),
    **dict.fromkeys(("FF", "FAT_FRACTION", "FATFRACTION", "FAT_FRAC", "PDFF"), PDFF),
}
#: Values of ImageType of images that are no magnitudes: phase, real and imaginary part.
NO_MAGNITUDES = frozenset({"P", "PHASE", "PHASE MAP", "PHASE_MAP", "R", "REAL", "I", "IMAGINARY"})

#: Labels that lie beside the images, and maps that are none of the contrasts.
OTHER_IMAGES = re.compile(r" (mask|seg|dseg|segmentation|labels?|roi|water fraction|wf|r2s?|t2s?|b0|field ?map) ")
#: Techniques that have a contrast's name in theirs.
TECHNIQUES = re.compile(
    r" (fat (sat|saturated|saturation|sup|supp|suppressed|suppression)|water (sat|suppressed|suppression|exc"
    r"|excitation)|water (and )?fat|fat (and )?water|w f|f w)(?= )"
)
#: Words that name a contrast wherever they stand.
WORDS = {
    PDFF: re.compile(r" (pdff|fat ?frac(tion)?|fat percent(age)?) "),
    "water": re.compile(r" (water|wateronly) "),
    "fat": re.compile(r" (fat|fatonly) "),
    "in_phase": re.compile(r" in ?phase "),
    "opposed_phase": re.compile(r" ((out|out ?of|opp|opposed|opposite|anti) ?phase|opposed) "),
}
#: Words that name a contrast only where they come last.
LAST_WORDS = {
    **dict.fromkeys(("w", "wat"), "water"),
    "f": "fat",
    **dict.fromkeys(("in", "ip"), "in_phase"),
    **dict.fromkeys(("opp", "op", "oop", "out"), "opposed_phase"),
    "ff": PDFF,
}
#: What scanners and converters append to a name: numbers, and distortion correction and normalization of Siemens.
APPENDED = re.compile(r"( (\d+|nd|norm|dis[23]d|e\d+))+ $")

#: Ratio of the longer to the shorter echo time -> what the shorter and the longer show. At uneven multiples of the half
#: period of fat against water the two are opposed, at even ones in phase: 2.39 and 4.77 ms at 1.5 T and 1.2 and 2.4 ms
#: at 3 T are one and two of them, 2.4 and 3.6 ms at 3 T two and three. (The Dixon paper prints 2.39 ms as in phase and
#: 4.77 ms as opposed; fat and water, 3.5 ppm apart at 1.5 T, say the opposite.)
PHASES_BY_RATIO = {2.0: ("opposed_phase", "in_phase"), 1.5: ("in_phase", "opposed_phase")}
RATIO_TOLERANCE = 0.1


def contrast_of(facts: MRFacts) -> str | None:
    """Return the contrast that an image's header names, or None when it names none or more than one.

    The image type goes before the description, as the scanner writes it and nobody edits it; the echo time alone names
    nothing: see `phases_by_echo`.
    """
    named = {IMAGE_TYPES[value.upper()] for value in facts.image_type if value.upper() in IMAGE_TYPES}
    if named:
        return named.pop() if len(named) == 1 else None
    return contrast_of_words(facts.description) or contrast_of_words(facts.sequence_name)


def contrast_of_words(text: str) -> str | None:
    """Return the contrast that a description or the name of a file names, by whole words; None for none or several."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    words = f" {' '.join(re.findall('[a-z0-9]+', spaced.lower()))} "
    if OTHER_IMAGES.search(words):
        return None
    words = TECHNIQUES.sub("", words)
    named = [contrast for contrast, pattern in WORDS.items() if pattern.search(words)]
    if named:
        return named[0] if len(named) == 1 or named == [PDFF, "fat"] else None
    last = APPENDED.sub(" ", words).split()[-1:]
    return LAST_WORDS.get(last[0]) if last else None


def is_magnitude(facts: MRFacts) -> bool:
    """Tell whether an image shows signal, and not its phase, real or imaginary part."""
    return NO_MAGNITUDES.isdisjoint(value.upper() for value in facts.image_type)


def phases_by_echo(first_ms: float | None, second_ms: float | None) -> tuple[str, str] | None:
    """Return which of two echoes is in phase and which opposed, or None when their times do not tell."""
    if first_ms is None or second_ms is None or min(first_ms, second_ms) <= 0:
        return None
    ratio = max(first_ms, second_ms) / min(first_ms, second_ms)
    for expected, (shorter, longer) in PHASES_BY_RATIO.items():
        if abs(ratio - expected) <= RATIO_TOLERANCE:
            return (shorter, longer) if first_ms < second_ms else (longer, shorter)
    return None
