"""flexsites: where temporary homes fit in the Netherlands, per parcel and per roof, per kind of resident."""

from importlib.metadata import version

__version__ = version("flexsites")
