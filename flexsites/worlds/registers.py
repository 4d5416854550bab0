"""Tables that owners and registers of the synthetic municipality keep: parcels, owners, areas, stock, demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.worlds import proofs
from flexsites.worlds.plan import EXTENT, PROVINCE_CORNER, Plan

if TYPE_CHECKING:
    from flexsites.worlds.ground import Ground

GEMEENTEN = {"GM9901": "Flexdam", "GM9902": "Overbroek"}
PROVINCIES = {"PV91": "Middenland", "PV92": "Oosterland"}
CORPORATION = "Woonstichting Flexdam"

SENSITIVE = ("erfpacht", "opstal", "onbekend")
"""Tenures besides full ownership."""


def parcels(ground: Ground) -> gpd.GeoDataFrame:
    """
    Return the cadastral map, the proofs last, in the plan's metres.

    Returns
    -------
    GeoDataFrame
        Columns as Kadaster's Kadastrale Kaart (``identificatieLokaalID, kadastraleGemeenteWaarde, sectie,
        perceelnummer, kadastraleGrootteWaarde``), with ``use, quarter, owner, proof`` to be dropped before writing.
    """
    fillers = [proofs.ROAD, *proofs.fillers()]
    uses = ["polderweg", "grasland", "grasland", *["proef"] * len(proofs.PROOFS)]
    names = ["", "", "", *(proof.name for proof in proofs.PROOFS)]
    shapes = [*fillers, *(proof.ground for proof in proofs.PROOFS)]
    owners = ["gemeente", "particulier", "particulier", *_proof_owners()]
    field = pd.DataFrame({"geometry": shapes, "use": uses, "quarter": "", "owner": owners, "proof": names})
    table = pd.concat([ground.parcels.assign(proof=""), field], ignore_index=True)
    number = np.arange(1, len(table) + 1)
    area = shapely.area(shapely.make_valid(table["geometry"].to_numpy()))
    no_area = {proof.name for proof in proofs.PROOFS if not proof.has_registered_area}
    columns = {
        "identificatieLokaalID": [f"9901{each:06d}0000" for each in number],
        "kadastraleGemeenteWaarde": "Flexdam",
        "sectie": [chr(ord("A") + each % 20) for each in number // 400],
        "perceelnummer": number,
        "kadastraleGrootteWaarde": np.where(table["proof"].isin(no_area), np.nan, np.maximum(np.round(area), 1)),
        "soortGrootteWaarde": "Vastgesteld",
        "statusHistorie": "G",
    }
    rest = {name: table[name].to_numpy() for name in ("use", "quarter", "owner", "proof")}
    return gpd.GeoDataFrame({**columns, **rest}, geometry=table["geometry"].to_numpy())


def _proof_owners() -> list[str]:
    classes = ("gemeente", "particulier", "natuurorganisatie", "waterschap")
    return [classes[order % len(classes)] for order in range(len(proofs.PROOFS))]


def ownership(table: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    Return who owns what, as the municipality has it: ``perceel, eigenaar, recht``.

    One parcel in fifteen of the private ones is not in the table, one in nine of the municipality's business plots is
    let on a ground lease (erfpacht), and a few rights are unknown.
    """
    order = np.arange(len(table))
    owner = table["owner"].to_numpy(dtype=object).copy()
    is_known = ~((owner == "particulier") & (order % 15 == 7))
    owner[(owner == "commercieel") & (order % 11 == 3)] = "onbekend"
    tenure = np.full(len(table), "vol eigendom", dtype=object)
    tenure[(table["use"].to_numpy() == "bedrijf") & (order % 9 == 4)] = "erfpacht"
    tenure[(table["use"].to_numpy() == "zonnepark")] = "opstal"
    tenure[order % 97 == 5] = "onbekend"
    rows = pd.DataFrame({"perceel": table["identificatieLokaalID"], "eigenaar": owner, "recht": tenure})
    known: pd.DataFrame = rows[is_known].reset_index(drop=True)
    return known


def areas(plan: Plan) -> dict[str, gpd.GeoDataFrame]:
    """Return gemeenten and provincies (``statcode, statnaam``), wijken and buurten with statistics as of CBS."""
    shapes = [EXTENT.difference(PROVINCE_CORNER), EXTENT.intersection(PROVINCE_CORNER)]
    found = {
        name: gpd.GeoDataFrame({"statcode": list(codes), "statnaam": list(codes.values())}, geometry=shapes)
        for name, codes in (("gemeenten", GEMEENTEN), ("provincies", PROVINCIES))
    }
    found["buurten"] = _buurten(plan)
    found["wijken"] = _wijken(found["buurten"])
    return found


def _buurten(plan: Plan) -> gpd.GeoDataFrame:
    """One per quarter, the business park, and the country in four parts; nulls as CBS writes them (-99997)."""
    quarters = [(f"BU9901{quarter.code}", quarter.name, quarter.ground) for quarter in plan.quarters]
    quarters = [(_of_gemeente(code), name, shape) for code, name, shape in quarters]
    business = shapely.union_all(plan.special["bedrijf"], grid_size=0.001)
    taken = shapely.union_all([*(shape for _, _, shape in quarters), business], grid_size=0.001)
    country = EXTENT.difference(taken)
    home = country.difference(PROVINCE_CORNER)
    parts = {"Buitengebied Noord": (0, 4_300, 10_000, 8_000), "Buitengebied Midden": (0, 1_300, 10_000, 4_300)}
    parts["Buitengebied Zuid"] = (0, 0, 10_000, 1_300)
    rows = [*quarters, ("BU99010400", "De Kade", business)]
    rows += [
        (f"BU990105{order:02d}", name, home.intersection(shapely.box(*box)))
        for order, (name, box) in enumerate(parts.items())
    ]
    rows.append(("BU99020910", "Buitengebied Overbroek", country.intersection(PROVINCE_CORNER)))
    is_town = np.array([code[6:8] in {"00", "01", "02"} for code, _, _ in rows])
    is_country = np.array([code[6:8] in {"04", "05", "09"} for code, _, _ in rows])
    order = np.arange(len(rows))
    density = np.where(is_town, 1_900 - 90 * (order % 9), np.where(is_country, 40 + 5 * order % 30, 310))
    columns = {
        "buurtcode": [code for code, _, _ in rows],
        "buurtnaam": [name for _, name, _ in rows],
        "wijkcode": [f"WK{code[2:8]}" for code, _, _ in rows],
        "gemeentecode": [f"GM{code[2:6]}" for code, _, _ in rows],
        "omgevingsadressendichtheid": density,
        "stedelijkheid_adressen_per_km2": np.where(
            density >= 1_500, 2, np.where(density >= 1_000, 3, np.where(density >= 500, 4, 5))
        ),
        "aantal_inwoners": np.where(is_town, 380 + 35 * (order % 7), 140),
        "aantal_huishoudens": np.where(is_town, 170 + 15 * (order % 7), 60),
        "percentage_huurwoningen_in_bezit_woningcorporatie": np.where(is_town, 12 + 6 * (order % 8), -99_997),
        "aandeel_corporatiehuur": np.where(is_town, (12 + 6 * (order % 8)) / 100, np.nan),
        "gemiddelde_woningwaarde": np.where(is_town, 260 + 14 * (order % 9), -99_997),
    }
    return gpd.GeoDataFrame(columns, geometry=[shape for _, _, shape in rows])


def _of_gemeente(code: str) -> str:
    """Put the village in the corner under the other municipality."""
    return code.replace("9901", "9902", 1) if code.endswith("0900") else code


def _wijken(buurten: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    names = {"00": "Binnenstad", "01": "Singelwijken", "02": "Buitenring", "03": "Dorpen", "04": "De Kade"}
    names |= {"05": "Buitengebied", "09": "Overbroek"}
    share = "percentage_huurwoningen_in_bezit_woningcorporatie"
    rows = []
    for code, group in buurten.groupby("wijkcode"):
        known = group.loc[group[share] >= 0, share]
        shape = shapely.union_all(group.geometry.to_numpy(), grid_size=0.001)
        value = round(float(known.mean())) if len(known) else -99_997
        decimal = value / 100 if len(known) else np.nan
        rows.append((code, names[str(code)[6:8]], group["gemeentecode"].iloc[0], value, decimal, shape))
    columns = ["wijkcode", "wijknaam", "gemeentecode", share, "aandeel_corporatiehuur", "geometry"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry")


def portfolio(
    objects: gpd.GeoDataFrame, panden: gpd.GeoDataFrame, table: gpd.GeoDataFrame
) -> tuple[pd.DataFrame, dict[str, int]]:
    """
    Return the corporation's own list and how many of its rows match nothing, by reason.

    Parameters
    ----------
    objects, panden
        Verblijfsobjecten and panden.
    table
        The buildings they were made of, row for row with ``panden``.

    Returns
    -------
    rows
        ``complex, adres, postcode, huisnummer, toevoeging, bag_pand_id, lift`` (ja | nee | empty), first dwelling of
        every block of flats, most by address, every fourth by BAG id, and four rows that match nothing.
    unmatched
        Rows per reason.
    """
    is_flat = (table["use"] == "flat").to_numpy()
    storeys = table["n_storeys"].to_numpy(dtype=int)[is_flat]
    flats = panden[is_flat].reset_index(drop=True)
    first = objects.drop_duplicates("pand_identificatie").set_index("pand_identificatie").loc[flats["identificatie"]]
    order = np.arange(len(flats))
    by_id = order % 4 == 3
    rows = pd.DataFrame(
        {
            "complex": [f"C{100 + number // 3}" for number in order],
            "adres": np.where(by_id, "", first["openbare_ruimte_naam"].to_numpy()),
            "postcode": np.where(by_id, "", first["postcode"].to_numpy()),
            "huisnummer": np.where(by_id, "", first["huisnummer"].astype(str).to_numpy()),
            "toevoeging": "",
            "bag_pand_id": np.where(by_id, flats["identificatie"].to_numpy(), ""),
            "lift": np.where(storeys >= 5, "ja", np.where(order % 5 == 2, "", "nee")),
        }
    )
    wrong = [
        ("C900", "Onbekendestraat", "9999ZZ", "1", "", "", "nee"),
        ("C900", str(first["openbare_ruimte_naam"].iloc[0]), str(first["postcode"].iloc[0]), "9998", "", "", "nee"),
        ("C901", "", "", "", "", "9901109999999999", ""),
        ("C902", "", "", "", "", "", ""),
    ]
    reasons = {"no such postcode": 1, "no such house number": 1, "no such BAG id": 1, "nothing to match by": 1}
    return pd.concat([rows, pd.DataFrame(wrong, columns=rows.columns)], ignore_index=True), reasons


def demand() -> pd.DataFrame:
    """Return homes asked for per gemeente and target group: ``gemeente_code, target_group, n_homes``."""
    asked = {"starters": 120, "statushouders": 60, "studenten": 20, "senioren": 45, "spoedzoekers": 80}
    asked |= {"arbeidsmigranten": 90, "tiny_house_bewoners": 25}
    rows = [("GM9901", group, homes) for group, homes in asked.items()]
    rows += [("GM9902", "starters", 15), ("GM9902", "senioren", 10)]
    return pd.DataFrame(rows, columns=["gemeente_code", "target_group", "n_homes"])
