"""Read volumes, pictures, videos, labels and subjects; write cases, volumes and DICOM series."""

from myoscope.io.case_files import check_writable, write_case, write_labelled_case
from myoscope.io.dicom_writing import write_dicom_series
from myoscope.io.image_files import write_volume
from myoscope.io.images_in_memory import volume_from_image
from myoscope.io.labels import read_labels
from myoscope.io.mr_series import read_mr_images
from myoscope.io.mr_writing import write_mr_series
from myoscope.io.names import case_id_of
from myoscope.io.peeking import peek
from myoscope.io.pictures import read_picture
from myoscope.io.subjects import read_subject
from myoscope.io.values import MRFacts, MRImage, Peek, Picture, PictureRegion, PictureScale, Volume
from myoscope.io.volumes import read_volume, read_volumes

__all__ = [
    "MRFacts",
    "MRImage",
    "Peek",
    "Picture",
    "PictureRegion",
    "PictureScale",
    "Volume",
    "case_id_of",
    "check_writable",
    "peek",
    "read_labels",
    "read_mr_images",
    "read_picture",
    "read_subject",
    "read_volume",
    "read_volumes",
    "volume_from_image",
    "write_case",
    "write_dicom_series",
    "write_labelled_case",
    "write_mr_series",
    "write_volume",
]
