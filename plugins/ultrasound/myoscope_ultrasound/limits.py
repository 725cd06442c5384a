"""Where a number stops being believed: limits of thickness, of the model's confidence, of a video's frames."""

from __future__ import annotations

#: Thickness that a structure can have, in mm: wide on purpose, they find a wrong label or a wrong scale, not an unusual
#: person. Rectus femoris: 0.2 x to 3 x the cut-offs for low thickness in women and men over 60, 15.9 and 19.1 mm
#: (Dantas et al. 2025, PMC12641860). Rectus abdominis: the same shares of the mean of 120 adults, 14.7 mm (Egwu et al.
#: 2014, doi 10.5114/ms.2014.45424). We have no such source for the others: theirs span both.
THICKNESS_LIMITS_MM: dict[str, tuple[float, float]] = {
    "rectus_femoris": (3.1, 58.0),
    "rectus_abdominis": (2.9, 45.0),
}
OTHER_THICKNESS_LIMITS_MM = (2.9, 58.0)
#: SD over mean of the thickness along a longitudinal muscle, above which its borders are hardly two aponeuroses.
MOST_VARIATION = 0.25

#: Mean probability of the winning labels below which a frame is not believed; our choice, on no study.
LOW_CONFIDENCE = 0.7
#: Share of a picture's width over which both aponeuroses must be seen. Of 61 frames of two machines held out, 17
#: had less: their thickness was wrong by 17% (median), that of the others by 1.3%; chosen on these frames.
LEAST_WIDTH_SHARE = 0.5
#: A frame is compared with the median of those up to this many before and after it.
NEIGHBORS = 5
#: It jumps when it differs by more than this share of that median and this many robust SDs of all such differences.
JUMP_SHARE, JUMP_SDS = 0.15, 5.0
#: Fewer frames cannot tell a jump from a change.
FEWEST_FRAMES = 5
#: Share of a video's frames that may be rejected without a finding.
MOST_REJECTED = 0.3

#: Depths that a picture of muscle can show, and sizes that its pixels can have, in mm: from a finger's tendon under a
#: 20 MHz probe to the abdomen; what lies outside is a slip of the pen or another unit.
DEPTH_LIMITS_MM = (5.0, 300.0)
SPACING_LIMITS_MM = (0.005, 2.0)
#: Fewer pixels of tissue, along either axis, show no muscle.
LEAST_TISSUE_PIXELS = 32
#: Two scales of one picture agree when they differ by no more than this share.
SAME_SCALE = 0.02
#: Share of tissue pixels with a color from which on a picture is no gray B-mode; an overlay of color Doppler has less.
MOST_COLOR = 0.3
#: Share of pixels of one grey from which on a picture shows nothing.
MOST_OF_ONE_GREY = 0.97
