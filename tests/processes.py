"""What tests ask about other processes; Linux only."""

from __future__ import annotations

import os
import select
from pathlib import Path


def children(process_id: int) -> list[int]:
    """The process ids of the children of a process."""
    return [
        int(child)
        for task in Path(f"/proc/{process_id}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def has_ended(process_id: int, within_s: float) -> bool:
    """Wait for any process, child or not, to end."""
    try:
        process = os.pidfd_open(process_id)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], within_s)[0])
    finally:
        os.close(process)
