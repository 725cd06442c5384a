"""Whole anatomies with the shape of real people, of whom only some muscles are labelled.

A person's label map (`person_from_file`) shows some of the muscles on slices that may lie far apart. `reshaped` deforms
a whole anatomy onto them, without folding: `matching` finds which slice shows which level, `warping` fits a smooth
displacement, `bones` keeps bones from swelling. Other structures that the person does not show follow their neighbors.
"""

from myoscope.synthesis.people.person import Person, person_from_file
from myoscope.synthesis.people.reshaping import Reshaped, reshaped

__all__ = ["Person", "Reshaped", "person_from_file", "reshaped"]
