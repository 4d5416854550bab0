"""The words of the BAG: in which states a pand or a verblijfsobject counts, and what a unit may be used for."""

PAND_STANDS = {
    "pand in gebruik",
    "pand in gebruik (niet ingemeten)",
    "pand buiten gebruik",
    "verbouwing pand",
    "sloopvergunning verleend",
}
PAND_LEFT_OUT = {
    "bouwvergunning verleend": "not built yet",
    "bouw gestart": "not built yet",
    "niet gerealiseerd pand": "never built",
    "pand gesloopt": "demolished",
    "pand ten onrechte opgevoerd": "entered in the register by mistake",
}
UNIT_IN_USE = {
    "verblijfsobject in gebruik",
    "verblijfsobject in gebruik (niet ingemeten)",
    "verblijfsobject buiten gebruik",
    "verbouwing verblijfsobject",
}
UNIT_LEFT_OUT = {
    "verblijfsobject gevormd",
    "niet gerealiseerd verblijfsobject",
    "verblijfsobject ingetrokken",
    "verblijfsobject ten onrechte opgevoerd",
}
DWELLING = "woonfunctie"
UNIT_FUNCTIONS = {
    DWELLING,
    "bijeenkomstfunctie",
    "celfunctie",
    "gezondheidszorgfunctie",
    "industriefunctie",
    "kantoorfunctie",
    "logiesfunctie",
    "onderwijsfunctie",
    "overige gebruiksfunctie",
    "sportfunctie",
    "winkelfunctie",
}
"""What a unit may be used for. A word that is none of these, such as `wonen`, must not make it no dwelling."""
