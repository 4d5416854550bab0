"""Which land may not be used, by which rule, and what stays (METHOD 0 and 2).

    faces = overlay(parcels, layers, rules=..., time=...)
    spoken = cover_rules(parcels, coverages, layers, rules=..., tests=...)
    pieces = leave_pieces(parcels, neighbours, faces, streets, layers, spoken=spoken, rules=..., ...)
    reasons = attribute(parcels, faces, pieces, spoken=spoken, rules=...)
    exclusions = decide(parcels, pieces, spoken=spoken, rules=...)

Each stage stands in the module of its subject. The faces are the cache: a variant calls the last three with its own
rules. Where sources speak is dense, each combination over the rules once; the tables tell it by the combination's id.
"""
