"""The bill of materials of a wheel: CycloneDX 1.6 in JSON, which PEP 770 wants in ``.dist-info/sboms/``."""

from __future__ import annotations

import json
import uuid
from typing import Any

__all__ = ["bill_of_materials"]


def bill_of_materials(name: str, version: str, licence: str, bundled: dict[str, Any]) -> str:
    """Return the document; the same inputs give the same bytes, so it carries no date.

    Args:
        name: Of the wheel's project.
        version: Of the wheel's project.
        licence: SPDX expression of the project itself, without what is bundled.
        bundled: ``bundled.json`` of the libraries.
    """
    whole = f"pkg:pypi/{name}@{version}"
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": whole,
                "name": name,
                "version": version,
                "purl": whole,
                "licenses": [{"expression": licence}],
            },
            "properties": [{"name": "pyinet:toolchain", "value": bundled["toolchain"]}],
        },
        "components": [_component(item) for item in bundled["components"]],
        "dependencies": [{"ref": whole, "dependsOn": [_purl(item) for item in bundled["components"]]}],
    }
    document["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True)).urn
    return json.dumps(document, indent=2) + "\n"


def _purl(item: dict[str, str]) -> str:
    return f"pkg:generic/{item['name']}@{item['version']}"


def _component(item: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": _purl(item),
        "name": item["name"],
        "version": item["version"],
        "purl": _purl(item),
        "cpe": item["cpe"],
        "licenses": [{"expression": item["licence"]}],
        "externalReferences": [
            {
                "type": "source-distribution",
                "url": item["url"],
                "comment": f"built from {item['archive']}",
                "hashes": [{"alg": "SHA-256", "content": item["sha256"]}],
            }
        ],
    }
