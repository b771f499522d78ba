"""Check a document against a model, and say what is wrong in the words of the file's author."""

from __future__ import annotations

from inspect import isclass
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from interviewer.bank.yaml_file import Document, Fault, Location, shortened

Model = TypeVar("Model", bound=BaseModel)

# What each kind of pydantic error allows instead; the names in braces come from the error itself.
_ALLOWED: Final = {
    "bool_type": "true or false",
    "dict_type": "names with values (name: value)",
    "float_type": "a number",
    "greater_than_equal": "{ge} or more",
    "int_type": "a whole number",
    "less_than_equal": "{le} or less",
    "literal_error": "{expected}",
    "model_type": "names with values (name: value)",
    "string_too_long": "at most {max_length:,} characters",
    "string_type": "text (in quotes where it looks like a number, true, false or null)",
    "too_long": "at most {max_length} entries",
    "tuple_type": "a list",
}


def validate(document: Document, model: type[Model], faults: list[Fault]) -> Model | None:
    """The document as a model; or `None`, with everything that is wrong added to `faults`."""
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        found = [_fault(document, model, detail) for detail in error.errors(include_url=False)]
        faults += sorted(found, key=lambda fault: fault.line)
        return None


def _fault(document: Document, model: type[BaseModel], detail: Any) -> Fault:
    # pydantic adds "[key]" where the name itself is wrong.
    location: Location = tuple(step for step in detail["loc"] if step != "[key]")
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        problem = "is missing"
    elif kind == "extra_forbidden":
        names = ", ".join(_model_at(model, location).model_fields)
        problem = f"is not known here; allowed: {names}"
    elif kind in _ALLOWED:
        problem = f"found {_found(detail['input'])}; allowed: {_ALLOWED[kind].format(**context)}"
    else:
        problem = f"found {_found(detail['input'])}; allowed: {context.get('error', detail['msg'])}"
    return document.fault(location, problem)


def _found(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str() if len(value) > 60:
            return f"{shortened(value)!r} ({len(value):,} characters)"
        case dict():
            return "names with values"
        case tuple():
            return f"a list of {len(value)}"
        case _:
            return repr(value)


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel]:
    """The innermost model on the way to a location: `tuple[FollowUp, ...]` leads to `FollowUp`."""
    for step in location:
        entry = model.model_fields.get(str(step))
        if entry is not None:
            kinds = (entry.annotation, *get_args(entry.annotation))
            inner = (kind for kind in kinds if isclass(kind) and issubclass(kind, BaseModel))
            model = next(inner, model)
    return model
