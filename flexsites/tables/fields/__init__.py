"""The columns, a module per subject; tables have them from ``parcel_fields`` and ``roof_fields``."""
