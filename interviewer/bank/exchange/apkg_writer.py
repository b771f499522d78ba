"""Questions as an Anki package in the form that every version of Anki imports."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from interviewer.bank.exchange.anki import (
    FIELD_NAMES,
    NOTE_TYPE,
    deck_of,
    fields_of,
    guid_of,
    tags_of,
)
from interviewer.bank.exchange.entry import Cells

_MODEL_ID: Final = 1_731_000_000_001
_DECK_IDS: Final = 1_731_100_000_000
_NOTE_IDS: Final = 1_731_200_000_000
_MADE_S: Final = 1_731_000_000
"""Any time does; the same one each time makes equal files of equal questions."""

_SCHEMA: Final = """
CREATE TABLE col (id integer primary key, crt integer not null, mod integer not null,
  scm integer not null, ver integer not null, dty integer not null, usn integer not null,
  ls integer not null, conf text not null, models text not null, decks text not null,
  dconf text not null, tags text not null);
CREATE TABLE notes (id integer primary key, guid text not null, mid integer not null,
  mod integer not null, usn integer not null, tags text not null, flds text not null,
  sfld integer not null, csum integer not null, flags integer not null, data text not null);
CREATE TABLE cards (id integer primary key, nid integer not null, did integer not null,
  ord integer not null, mod integer not null, usn integer not null, type integer not null,
  queue integer not null, due integer not null, ivl integer not null, factor integer not null,
  reps integer not null, lapses integer not null, left integer not null, odue integer not null,
  odid integer not null, flags integer not null, data text not null);
CREATE TABLE revlog (id integer primary key, cid integer not null, usn integer not null,
  ease integer not null, ivl integer not null, lastIvl integer not null, factor integer not null,
  time integer not null, type integer not null);
CREATE TABLE graves (usn integer not null, oid integer not null, type integer not null);
CREATE INDEX ix_notes_usn on notes (usn);
CREATE INDEX ix_cards_usn on cards (usn);
CREATE INDEX ix_revlog_usn on revlog (usn);
CREATE INDEX ix_cards_nid on cards (nid);
CREATE INDEX ix_cards_sched on cards (did, queue, due);
CREATE INDEX ix_revlog_cid on revlog (cid);
CREATE INDEX ix_notes_csum on notes (csum);
"""
_ANSWER: Final = """{{FrontSide}}<hr id=answer>{{Back}}
{{#Follow-ups}}<h4>Follow-ups</h4>{{Follow-ups}}{{/Follow-ups}}
{{#Notes}}<h4>Notes</h4>{{Notes}}{{/Notes}}"""
_CSS: Final = ".card { font-family: sans-serif; font-size: 18px; max-width: 40em; margin: auto; }"


def write_apkg(every: Sequence[Cells], target: Path) -> None:
    """Write one note and one card for each question, in one deck for each category.

    Raises:
        OSError: it cannot be written.
    """
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_SCHEMA)
        _fill(connection, every)
        connection.commit()
        database = connection.serialize()
    with zipfile.ZipFile(target, "w") as package:
        for name, content in (("collection.anki2", database), ("media", b"{}")):
            package.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _fill(connection: sqlite3.Connection, every: Sequence[Cells]) -> None:
    titles = dict.fromkeys(deck_of(cells) for cells in every)
    decks = {title: _DECK_IDS + zlib.crc32(title.encode()) for title in titles}
    known = [_deck("Default", 1), *(_deck(title, deck) for title, deck in decks.items())]
    connection.execute(
        "INSERT INTO col VALUES (1, ?, ?, ?, 11, 0, 0, 0, '{}', ?, ?, ?, '{}')",
        (
            _MADE_S,
            _MADE_S * 1_000,
            _MADE_S * 1_000,
            json.dumps({str(_MODEL_ID): _MODEL}),
            json.dumps({str(deck["id"]): deck for deck in known}),
            json.dumps({"1": _OPTIONS}),
        ),
    )
    # Another bank's notes in the same collection have other ids; the order is that of the bank.
    first = _NOTE_IDS + zlib.crc32("\n".join(cells["id"] for cells in every).encode())
    for place, cells in enumerate(every, 1):
        note = first + place
        fields = fields_of(cells)
        shown = re.sub("<[^<>]*>", "", fields[0])
        connection.execute(
            "INSERT INTO notes VALUES (?, ?, ?, ?, -1, ?, ?, ?, ?, 0, '')",
            (
                note,
                guid_of(cells),
                _MODEL_ID,
                _MADE_S,
                f" {' '.join(tags_of(cells))} ",
                "\x1f".join(fields),
                shown,
                _checksum(shown),
            ),
        )
        connection.execute(
            "INSERT INTO cards VALUES (?, ?, ?, 0, ?, -1, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, '')",
            (note, note, decks[deck_of(cells)], _MADE_S, place),
        )


def _checksum(text: str) -> int:
    """What Anki finds duplicates by."""
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16)


def _deck(name: str, number: int) -> dict[str, Any]:
    return {
        "id": number, "name": name, "desc": "", "mod": _MADE_S, "usn": -1, "conf": 1, "dyn": 0,
        "collapsed": False, "extendNew": 0, "extendRev": 0,
        "newToday": [0, 0], "revToday": [0, 0], "lrnToday": [0, 0], "timeToday": [0, 0],
    }  # fmt: skip


_MODEL: Final[dict[str, Any]] = {
    "id": _MODEL_ID, "name": NOTE_TYPE, "type": 0, "mod": _MADE_S, "usn": -1, "sortf": 0,
    "did": None, "css": _CSS, "latexPre": "", "latexPost": "", "tags": [], "vers": [],
    "req": [[0, "any", [0]]],
    "flds": [
        {"name": name, "ord": place, "font": "Arial", "size": 20, "rtl": False, "sticky": False,
         "media": []}
        for place, name in enumerate(FIELD_NAMES)
    ],
    "tmpls": [
        {"name": "Question", "ord": 0, "qfmt": "{{Front}}", "afmt": _ANSWER, "did": None,
         "bqfmt": "", "bafmt": ""}
    ],
}  # fmt: skip
_OPTIONS: Final[dict[str, Any]] = {
    "id": 1, "name": "Default", "mod": 0, "usn": 0, "maxTaken": 60, "autoplay": True, "timer": 0,
    "replayq": True, "dyn": False,
    "new": {"bury": True, "delays": [1, 10], "initialFactor": 2500, "ints": [1, 4, 7], "order": 1,
            "perDay": 20, "separate": True},
    "rev": {"bury": True, "ease4": 1.3, "fuzz": 0.05, "ivlFct": 1, "maxIvl": 36500, "minSpace": 1,
            "perDay": 100},
    "lapse": {"delays": [10], "leechAction": 0, "leechFails": 8, "minInt": 1, "mult": 0},
}  # fmt: skip
