"""How many homes fit: on the parcel, on the roof."""
