"""Which land may not be used, by which rule, and what stays (METHOD 0 and 2).

    faces = overlay(parcels, layers, rules=..., time=...)
    rule_coverage = cover_rules(parcels, coverages, layers, rules=..., tests=...)
    pieces = leave_pieces(parcels, faces, streets, layers, rule_coverage, rules=..., tests=..., time=...)
    reasons = attribute(parcels, faces, pieces, rule_coverage, rules=..., tests=...)
    exclusions = decide(parcels, pieces, reasons, rules=..., tests=...)

Each stage stands in the module of its subject. The faces are the cache: a variant calls the last three with its own
rules.
"""
