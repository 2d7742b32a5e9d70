"""The JSON schema of the report, as the tests hold reports against it: no key that it does not know."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from pip_fastupdate.report.schema import text


def strict(schema: Any) -> Any:
    """The schema with every object closed that does not say what else it may hold."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(value) for key, value in schema.items()}
    return {"additionalProperties": False, **closed} if isinstance(schema.get("properties"), dict) else closed


def problems(document: object) -> list[str]:
    """What is wrong with a report; empty where it is as the schema says."""
    validator = Draft202012Validator(strict(json.loads(text())))
    return [f"{each.json_path}: {each.message}" for each in validator.iter_errors(document)]
