"""All rows, in the order of the table."""

from . import feeds, generating, merging, reading

GROUPS = {
    "start": generating.start,
    "addresses": generating.addresses,
    "terms": generating.terms,
    "merge": merging.merge,
    "sets": merging.sets,
    "lint": reading.lint,
    "show": reading.show,
    "diff": reading.diff,
    "feeds": feeds.rows,
}


def rows(bench, only: str | None):
    """Rows whose group or name holds `only`; inputs of no others are made."""
    for group, make in GROUPS.items():
        for size, name, row in make(bench):
            if only is None or only == group or only in f"{group} {name} {size}":
                yield row()
