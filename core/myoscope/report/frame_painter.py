"""Draws a frame and what is known of it with OpenCV: fast enough for every frame of a video."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope.report.caliper_labels import caliper_texts, label_boxes
from myoscope.report.frames import Frame, frame_at
from myoscope.report.sheet import WARNING, Sheet
from myoscope.report.sheet_text import BLACK, LINE_HEIGHT, PAD, RIM_WIDTH, WHITE, Color, Place, Text, text_width, write
from myoscope.report.wording import plain_letters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope.data.result import CaseResult

OUTLINE_WIDTH, END_BAR, REJECTED_BORDER = 2, 5, 4
#: Places in OpenCV's drawing count in sixteenths of a pixel.
SHIFT = 4
BYTE = 255.0


def paint(sheet: Sheet, result: CaseResult, index: int) -> NDArray[np.uint8]:
    """Return a frame with everything drawn into it, shape (height, width, 3), blue, green, red."""
    import cv2

    frame = frame_at(result, index)
    canvas = sheet.template.copy()
    x, y = sheet.corner
    width, height = sheet.frame_size
    picture = canvas[y : y + height, x : x + width]
    picture[:] = cv2.cvtColor(_resized(_gray(frame.image, sheet.gray), sheet.frame_size), cv2.COLOR_GRAY2BGR)
    zoom = np.array([width / frame.image.shape[1], height / frame.image.shape[0]])
    _outlines(picture, frame.labels, sheet.outlines, zoom)
    _calipers(picture, frame, result, zoom)
    _scale_bar(picture, frame)
    if index in sheet.rejected:
        cv2.rectangle(picture, (0, 0), (width - 1, height - 1), WARNING, REJECTED_BORDER)
    for text in sheet.texts[index]:
        write(canvas, text)
    return canvas


def _gray(image: NDArray[Any], limits: tuple[float, float]) -> NDArray[np.uint8]:
    if image.dtype == np.uint8:
        return image
    low, high = limits
    return np.asarray(((image - low) * (BYTE / (high - low))).clip(0, BYTE), dtype=np.uint8)


def _resized(image: NDArray[np.uint8], size: Place) -> NDArray[np.uint8]:
    import cv2

    if image.shape == size[::-1]:
        return np.ascontiguousarray(image)
    shrinks = image.shape[0] > size[1] or image.shape[1] > size[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(image), size, interpolation=way), dtype=np.uint8)


def _outlines(
    picture: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    outlines: tuple[tuple[int, Color], ...],
    zoom: NDArray[np.float64],
) -> None:
    import cv2

    present = np.bincount(labels.ravel(), minlength=256)
    for value, color in outlines:
        if present[value]:
            rings, _ = cv2.findContours(cv2.inRange(labels, value, value), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            places = [_sixteenths(ring[:, 0], zoom) for ring in rings]
            cv2.polylines(picture, places, True, color, OUTLINE_WIDTH, cv2.LINE_AA, SHIFT)


def _sixteenths(places: NDArray[Any], zoom: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return places (x, y) in pixels of the file as OpenCV draws them on the sheet; 0 is a pixel's center in both."""
    on_sheet = (places + 0.5) * zoom - 0.5
    return np.asarray(np.round(on_sheet * 2**SHIFT), dtype=np.int32)


def _calipers(picture: NDArray[np.uint8], frame: Frame, result: CaseResult, zoom: NDArray[np.float64]) -> None:
    import cv2

    if not frame.calipers:
        return
    ends = [(np.array([c.start, c.end]) + 0.5) * zoom - 0.5 for c in frame.calipers]
    for line in ends:
        strokes = [np.round(stroke * 2**SHIFT).astype(np.int32) for stroke in _strokes(line)]
        for color, width in ((BLACK, RIM_WIDTH), (WHITE, 1)):
            cv2.polylines(picture, strokes, False, color, width, cv2.LINE_AA, SHIFT)
    texts = [plain_letters(t) for t in caliper_texts(frame.calipers, result.segmentation.structures, frame.unit)]
    sizes = [(float(text_width(text)), float(LINE_HEIGHT - PAD)) for text in texts]
    lines = [((float(a[0]), float(a[1])), (float(b[0]), float(b[1]))) for a, b in ends]
    boxes = label_boxes(lines, sizes, (float(picture.shape[1]), float(picture.shape[0])))
    for text, box in zip(texts, boxes, strict=True):
        write(picture, Text(text, (round(box[0]), round(box[3]))), rim=True)


def _strokes(line: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Yield a caliper's line, (2, 2), and the bar across each of its ends."""
    along = line[1] - line[0]
    across = np.array([-along[1], along[0]]) / (float(np.hypot(*along)) or 1.0) * END_BAR
    yield line
    for end in line:
        yield np.array([end - across, end + across])


def _scale_bar(picture: NDArray[np.uint8], frame: Frame) -> None:
    import cv2

    height, width = picture.shape[:2]
    length, text = frame.scale_bar
    left, y = PAD, height - PAD
    right = left + round(length * width / frame.size[1])
    for color, thickness in ((BLACK, RIM_WIDTH + 2), (WHITE, 2)):
        cv2.line(picture, (left, y), (right, y), color, thickness)
    write(picture, Text(text, (left, y - PAD)), rim=True)
