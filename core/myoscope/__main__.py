"""`python -m myoscope`: the command line."""

import sys

from myoscope.cli import main

sys.exit(main())
