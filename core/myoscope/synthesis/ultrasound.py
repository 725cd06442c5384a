"""B-mode of a plane of tissue: scatterers and reflectors seen through a point spread function, on a gray scale.

The envelope is that of Wagner et al. (IEEE Trans Sonics Ultrason 30:156-163, 1983): many scatterers a resolution cell
add up to a circular complex Gaussian, whose magnitude is Rayleigh distributed; a reflector adds a constant to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

WHITE = 255.0
#: Between these many depths the lateral blur is interpolated.
BLUR_KNOTS = 5
#: A Gaussian kernel reaches this many standard deviations.
KERNEL_REACH = 3.0
#: Share of the depth that the operator looks at when setting the gain.
GAIN_SHARE = 0.7
#: Gray, 0 to 1, from which on the gray map saturates.
KNEE = 0.6
#: A kernel that leaves its axis alone.
UNIT = np.ones(1, dtype=np.float32)
#: Amplitude below which nothing is shown, so that logarithms stay finite.
LEAST_AMPLITUDE = 1e-5
#: What is left of the echo of tissue where the probe has lost the skin, in dB.
LOST_CONTACT_DB = -70.0


@dataclass(frozen=True, slots=True)
class Echoes:
    """What sound meets in a plane, (y, x) float32; 1.0 is a strong, flat reflector.

    Attributes:
        scatter: Root mean square amplitude of what scatters.
        specular: Amplitude of what reflects.
        loss_db_mm: Attenuation there and back in excess of what depth gain makes good, in dB/mm.
    """

    scatter: Floats
    specular: Floats
    loss_db_mm: Floats


@dataclass(frozen=True, slots=True)
class Scanner:
    """One machine with one probe and one operator's settings.

    Attributes:
        axial_mm: Standard deviation of the point spread along the beam.
        lateral_mm: The same across the beam, in focus.
        focus_mm: Depth of the focus.
        spread: Growth of `lateral_mm` a mm away from the focus.
        brightness: Gray, 0 to 1, to which the operator turns the median echo.
        range_db: Dynamic range of the gray scale.
        gamma: Exponent of the gray map.
        noise_db: Electronic noise at the deepest row; it falls by `noise_slope_db_mm` a mm upwards.
        noise_slope_db_mm: See `noise_db`.
        tgc_db: Settings of the sliders, from shallow to deep.
        looks: Independent looks that spatial compounding averages.
        sharpening: Share of an unsharp mask in the picture; below 0 it smooths.
        ring_mm: Distance of the reverberations of the skin.
        ring_db: Amplitude of the first one.
        floor: Gray of no echo, 0 to 255.
    """

    axial_mm: float
    lateral_mm: float
    focus_mm: float
    spread: float
    brightness: float
    range_db: float
    gamma: float
    noise_db: float
    noise_slope_db_mm: float
    tgc_db: tuple[float, ...]
    looks: int
    sharpening: float
    ring_mm: float
    ring_db: float
    floor: float


def draw_scanner(rng: np.random.Generator, depth_mm: float) -> Scanner:
    """Return a machine between a hand-held one of low frequency and a premium one, with any operator's settings."""
    fine = rng.beta(1.5, 2.0)
    return Scanner(
        axial_mm=0.06 + 0.09 * fine,
        lateral_mm=rng.uniform(0.16, 0.34) * (1.0 + 1.2 * fine),
        focus_mm=rng.uniform(0.2, 0.7) * depth_mm,
        spread=rng.uniform(0.004, 0.03),
        brightness=float(np.clip(0.23 * np.exp(rng.normal(0.0, 0.45)), 0.06, 0.55)),
        range_db=rng.uniform(42.0, 64.0),
        gamma=float(np.exp(rng.normal(0.1, 0.22))),
        noise_db=rng.uniform(-80.0, -52.0),
        noise_slope_db_mm=rng.uniform(0.1, 0.5),
        tgc_db=tuple(float(v) for v in rng.normal(0.0, 2.2, size=6)),
        looks=int(rng.choice((1, 1, 1, 2))),
        sharpening=float(np.clip(rng.normal(-0.35, 0.4), -0.85, 0.6)),
        ring_mm=rng.uniform(0.35, 1.2),
        ring_db=rng.uniform(-40.0, -6.0),
        floor=float(rng.choice((0.0, 0.0, 4.0, 14.0))),
    )


def white_noise(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Return a circular complex Gaussian of unit power, (y, x, 2): real and imaginary part."""
    return rng.standard_normal((*shape, 2), dtype=np.float32) * np.float32(np.sqrt(0.5))


def envelope(echoes: Echoes, noise: Floats, spacing_mm: tuple[float, float], scanner: Scanner) -> Floats:
    """Return the amplitude that the machine receives, (y, x), before its gray scale.

    Args:
        echoes: The tissue.
        noise: As `white_noise` gives it: where the scatterers are.
        spacing_mm: (x, y) of a pixel.
        scanner: The machine.
    """
    rows = echoes.scatter.shape[0]
    lateral = _lateral_px(rows, spacing_mm, scanner)
    axial = _kernel(scanner.axial_mm / spacing_mm[1])
    power = float(np.sum(axial**2)) * _row_power(rows, lateral)
    carried = transmission(echoes.loss_db_mm, spacing_mm[1])
    scatter = echoes.scatter * carried
    scatter *= (1.0 / np.sqrt(power)).astype(np.float32)[:, None]
    specular = echoes.specular * carried
    floor = _noise_floor(rows, spacing_mm[1], scanner) / np.float32(np.sqrt(np.sum(axial**2)))
    total = np.zeros_like(scatter)
    for look in range(scanner.looks):
        seed = noise if look == 0 else np.roll(noise, (37 * look, 101 * look), axis=(0, 1))
        total += _one_look(scatter, specular, seed, floor, axial, lateral)
    return np.asarray(total / np.float32(scanner.looks), dtype=np.float32)


def transmission(loss_db_mm: Floats, row_mm: float) -> Floats:
    """Return the amplitude that comes back through the tissue above each pixel, as a share."""
    db = np.cumsum(loss_db_mm, axis=0, dtype=np.float32)
    db -= loss_db_mm
    return np.asarray(np.exp(db * np.float32(-row_mm * np.log(10.0) / 20.0)), dtype=np.float32)


def median_db(amplitude: Floats) -> float:
    """Return the level of the median echo of an envelope's upper part: what the operator sets the gain by."""
    upper = amplitude[: max(int(GAIN_SHARE * len(amplitude)), 1) : 3, ::3]
    return float(20.0 * np.log10(max(float(np.median(upper)), LEAST_AMPLITUDE)))


def gray_scale(amplitude: Floats, row_mm: float, scanner: Scanner, *, contact_db: Floats, middle_db: float) -> Picture:
    """Return the picture of an envelope: depth gain, contact, logarithm, gray map.

    Args:
        amplitude: As `envelope` gives it.
        row_mm: Height of a pixel.
        scanner: The machine.
        contact_db: Loss of each column where the probe lies poorly on the skin, (x,).
        middle_db: Level that is shown at the machine's brightness, see `median_db`.
    """
    import cv2

    rows = amplitude.shape[0]
    sliders = np.interp(np.linspace(0, 1, rows), np.linspace(0, 1, len(scanner.tgc_db)), scanner.tgc_db)
    contact = np.maximum(contact_db, LOST_CONTACT_DB)
    db: Floats = np.asarray(cv2.log(np.maximum(amplitude, LEAST_AMPLITUDE)), dtype=np.float32)
    db *= np.float32(20.0 / np.log(10.0))
    db += contact[None, :] + sliders.astype(np.float32)[:, None]
    np.maximum(db, _rings_db(rows, row_mm, scanner)[:, None], out=db)
    shown = db * np.float32(1.0 / scanner.range_db)
    shown += np.float32(scanner.brightness - middle_db / scanner.range_db)
    if scanner.sharpening:
        shown += np.float32(scanner.sharpening) * (shown - cv2.GaussianBlur(shown, (0, 0), sigmaX=1.6, sigmaY=1.1))
    # A gray map saturates softly: above its knee it nears white without reaching it.
    over = np.maximum(shown - np.float32(KNEE), 0.0)
    shown -= over
    shown += np.float32(1.0 - KNEE) * (np.float32(1.0) - cv2.exp(over * np.float32(-1.0 / (1.0 - KNEE))))
    np.clip(shown, 0.0, 1.0, out=shown)
    gray = cv2.pow(shown, scanner.gamma) * (WHITE - scanner.floor) + scanner.floor
    return np.asarray(np.rint(gray), dtype=np.uint8)


def contact_loss(rng: np.random.Generator, columns: int, column_mm: float) -> Floats:
    """Return the loss of each column in dB, (x,): hairs and bubbles under the probe, air at its edge; mostly none."""
    x = np.arange(columns) * column_mm
    loss = np.zeros(columns)
    for _ in range(rng.poisson(1.2)):
        width = rng.uniform(0.4, 3.0)
        loss -= rng.uniform(1.0, 9.0) * np.exp(-(((x - rng.uniform(0.0, x[-1])) / width) ** 2))
    if rng.random() < 0.12:  # noqa: PLR2004
        edge = rng.uniform(0.5, 4.0)
        far = x if rng.random() < 0.5 else x[-1] - x  # noqa: PLR2004
        loss -= rng.uniform(6.0, 30.0) / (1.0 + np.exp(np.minimum((far - edge) / 0.7, 50.0)))
    return loss.astype(np.float32)


def _one_look(
    scatter: Floats, specular: Floats, noise: Floats, floor: Floats, axial: Floats, lateral: Floats
) -> Floats:
    """Return the magnitude of one look."""
    import cv2

    field = noise * scatter[..., None]
    field[..., 0] += specular
    field = _blurred_across(_filtered(field, UNIT, axial), lateral)
    if floor.max() > LEAST_AMPLITUDE:
        hiss = np.roll(noise, (11, 53), axis=(0, 1)) * floor[:, None, None]
        field += _filtered(hiss, UNIT, axial)
    return np.asarray(cv2.magnitude(field[..., 0], field[..., 1]), dtype=np.float32)


def _filtered(field: Floats, across: Floats, down: Floats) -> Floats:
    """Return a field convolved with one kernel along its rows and one along its columns."""
    import cv2

    return np.asarray(cv2.sepFilter2D(field, -1, across, down, borderType=cv2.BORDER_REFLECT), dtype=np.float32)


def _lateral_px(rows: int, spacing_mm: tuple[float, float], scanner: Scanner) -> Floats:
    """Return the standard deviation across the beam at the knots of depth, in pixels."""
    depth = np.linspace(0.0, (rows - 1) * spacing_mm[1], BLUR_KNOTS)
    return ((scanner.lateral_mm + scanner.spread * np.abs(depth - scanner.focus_mm)) / spacing_mm[0]).astype(np.float32)


def _kernel(sigma_px: float) -> Floats:
    """Return a Gaussian of unit sum."""
    reach = max(1, int(np.ceil(KERNEL_REACH * sigma_px)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma_px, 1e-3)) ** 2)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def _row_weights(rows: int) -> tuple[NDArray[np.intp], Floats]:
    """Return for each row the knot above it and the share of the knot below it."""
    place = np.linspace(0.0, BLUR_KNOTS - 1.0, rows)
    above = np.minimum(place.astype(np.intp), BLUR_KNOTS - 2)
    return above, (place - above).astype(np.float32)


def _row_power(rows: int, sigmas: Floats) -> NDArray[np.float64]:
    """Return the power that the interpolated lateral blur leaves of white noise in each row."""
    above, share = _row_weights(rows)
    longest = max(len(_kernel(float(s))) for s in sigmas)
    kernels = np.stack([_padded(_kernel(float(s)), longest) for s in sigmas]).astype(float)
    gram = kernels @ kernels.T
    rest = 1.0 - share.astype(float)
    return np.asarray(
        rest**2 * gram[above, above]
        + 2 * rest * share * gram[above, above + 1]
        + share.astype(float) ** 2 * gram[above + 1, above + 1]
    )


def _padded(kernel: Floats, length: int) -> Floats:
    side = (length - len(kernel)) // 2
    return np.pad(kernel, side)


def _blurred_across(field: Floats, sigmas: Floats) -> Floats:
    """Return the field blurred along its rows, by an interpolation of the blurs at the knots of depth."""
    rows = len(field)
    above, share = _row_weights(rows)
    blurred = np.empty_like(field)
    for knot in range(BLUR_KNOTS - 1):
        part = slice(*np.searchsorted(above, (knot, knot + 1)))
        strip = np.ascontiguousarray(field[part])
        if not len(strip):
            continue
        upper, lower = (_filtered(strip, _kernel(float(sigma)), UNIT) for sigma in sigmas[knot : knot + 2])
        lower -= upper
        lower *= share[part][:, None, None]
        np.add(upper, lower, out=blurred[part])
    return blurred


def _noise_floor(rows: int, row_mm: float, scanner: Scanner) -> Floats:
    """Return the amplitude of electronic noise in each row."""
    height = (rows - 1 - np.arange(rows)) * row_mm
    return np.asarray(10.0 ** ((scanner.noise_db - scanner.noise_slope_db_mm * height) / 20.0), dtype=np.float32)


def _rings_db(rows: int, row_mm: float, scanner: Scanner) -> Floats:
    """Return the level of the reverberations between probe and skin, row by row."""
    depth_mm = np.arange(rows) * row_mm
    decay = scanner.ring_db - depth_mm * 10.0
    wave = 4.0 * np.cos(2 * np.pi * depth_mm / scanner.ring_mm)
    return np.asarray(decay + wave, dtype=np.float32)
