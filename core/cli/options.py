"""The command line's options, made from the options of params; and params, read from what was given."""

import argparse
from typing import Any, TypeVar

from ..base.device import DEVICES
from ..base.params import Option, Params, check_option, options_of
from ..workspace.engine import ENGINES, LOCAL, Engine

P = TypeVar("P", bound=Params)


def flag_of(name: str, about: Option) -> str:
    """Return the flag of a field."""
    return about.flag or "--" + name.replace("_", "-")


def add_options(
    sub: argparse._ActionsContainer,
    kind: type[Params],
    *names: str,
    only_given: bool = False,
    **defaults: Any,
) -> None:
    """Declare an option for each of the params' fields, or those of `names`; one that is there already serves both.

    only_given: what is not given stays None, for params that start from others. defaults: in place of the params' own.
    """
    for name, (field, about) in options_of(kind).items():
        if about.flag is None or (names and name not in names):
            continue
        flag, default = flag_of(name, about), defaults.get(name, field.default)
        if flag in sub._option_string_actions:
            continue
        usual = about.usual or ("" if field.type is bool or about.many else f"{default}")
        about_it: dict[str, Any] = {
            "help": (about.help + (f" ({usual})" if usual else "")).replace("%", "%%"),
            "default": None if only_given else default,
        }
        if field.type is bool:
            about_it["action"] = "store_true"
        elif about.many:
            about_it |= {"action": "append", "default": None}
        elif about.choices is not None:
            about_it["choices"] = tuple(about.choices)
        else:
            about_it["type"] = str if about.parse else field.type
        sub.add_argument(flag, *filter(None, [about.also]), **about_it)


def given(arguments: argparse.Namespace, kind: type[Params], *names: str) -> dict[str, Any]:
    """Return {field: value} of the options that were given, or have a default. Raises CurationError, with the flag."""
    values = {}
    for name, (field, about) in options_of(kind).items():
        flag = flag_of(name, about)
        value = getattr(arguments, flag[2:].replace("-", "_"), None)
        if about.flag is None or value is None or (names and name not in names):
            continue
        if about.parse and isinstance(value, str):
            value = about.parse(value)
        value = tuple(value) if about.many else value
        if about.flag and value != field.default:
            check_option(flag, value, field.type, about)
        values[name] = value
    return values


def read(arguments: argparse.Namespace, kind: type[P], *names: str, **own: Any) -> P:
    """Return the params that the command line gives. own: fields that come from elsewhere. Raises CurationError."""
    return kind(**given(arguments, kind, *names) | own)


def add_device(sub: argparse.ArgumentParser) -> None:
    """Declare where to compute."""
    sub.add_argument("--device", choices=DEVICES, default="auto", help="where to compute (auto)")


def add_engine(sub: argparse.ArgumentParser) -> None:
    """Declare where the shards of long work are made."""
    sub.add_argument(
        "--engine",
        choices=ENGINES,
        default=LOCAL.name,
        help="where shards of all records are made: here, or on Ray's nodes",
    )
    sub.add_argument(
        "--address", default="", help="of the Ray cluster, host:port ($RAY_ADDRESS, else one started here)"
    )
    sub.add_argument(
        "--store",
        default="",
        help="object storage for nodes that share no path with this machine, as s3://name/folder",
    )


def read_engine(arguments: argparse.Namespace) -> Engine:
    """Return the engine that the command line names. Raises CurationError."""
    return Engine(
        *(getattr(arguments, name, usual) for name, usual in (("engine", LOCAL.name), ("address", ""), ("store", "")))
    )
