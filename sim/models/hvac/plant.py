"""Surgery on expanded plant: give a branch and its equipment lists another component."""

from __future__ import annotations

from sim.models.idd import OfficeIDF

LISTS = ("Branch", "PlantEquipmentList", "CondenserEquipmentList")
TYPE_AND_NAME = (("Component_Object_Type", "Component_Name"), ("Equipment_Object_Type", "Equipment_Name"))
MOST = 9


def replace_component(idf: OfficeIDF, name: str, kind: str, new_kind: str, new_name: str) -> int:
    """Point every branch and equipment list from one component to another; nodes stay.

    Parameters
    ----------
    idf : OfficeIDF
        Expanded model.
    name, kind : str
        The component as the lists have it, compared without regard to case.
    new_kind, new_name : str
        What they shall have.

    Returns
    -------
    int
        Number of places changed.
    """
    changed = 0
    for list_kind in LISTS:
        for entry in idf.idfobjects[list_kind.upper()]:
            for type_field, name_field in TYPE_AND_NAME:
                for i in range(1, MOST + 1):
                    if f"{type_field}_{i}" not in entry.fieldnames:
                        break
                    pair = str(entry[f"{type_field}_{i}"]).lower(), str(entry[f"{name_field}_{i}"]).lower()
                    if pair == (kind.lower(), name.lower()):
                        entry[f"{type_field}_{i}"], entry[f"{name_field}_{i}"] = new_kind, new_name
                        changed += 1
    return changed
