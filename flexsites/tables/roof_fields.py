"""The columns of buildings, roofs and portfolios, each once (parcels: :mod:`flexsites.tables.parcel_fields`)."""

from flexsites.tables.fields.buildings import *
from flexsites.tables.fields.complexes import *
from flexsites.tables.fields.portfolios import *
from flexsites.tables.fields.roof_areas import *
from flexsites.tables.fields.roof_verdicts import *
