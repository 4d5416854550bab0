"""Every column of parcels once: its type, unit, bounds, what null means, where it comes from, how it adds up.

A table (:mod:`flexsites.tables`) is a list of these; what a :class:`~flexsites.tables.field.Field` says is there. They
stand in ``fields/``, a module per subject; a new one is written there and is had from here.
"""

from flexsites.tables.fields.accessibility import *
from flexsites.tables.fields.areas import *
from flexsites.tables.fields.capacity import *
from flexsites.tables.fields.counts import *
from flexsites.tables.fields.coverage import *
from flexsites.tables.fields.exclusion import *
from flexsites.tables.fields.keys import *
from flexsites.tables.fields.pieces import *
from flexsites.tables.fields.suitability import *
from flexsites.tables.fields.surroundings import *
from flexsites.tables.fields.verdicts import *
