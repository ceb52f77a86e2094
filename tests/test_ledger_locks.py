"""Opening a workspace leaves the locks of this process's other connections to its ledger alone."""

from pathlib import Path

import pytest

from core.workspace.workspace import Workspace

_LOCKS = Path("/proc/locks")


def n_locks(path: Path) -> int:
    return sum(f":{path.stat().st_ino} " in line for line in _LOCKS.read_text().splitlines())


@pytest.mark.skipif(not _LOCKS.exists(), reason="no /proc/locks here")
def test_opening_a_workspace_takes_no_lock_from_a_connection_that_is_open(tmp_path):
    workspace = Workspace(tmp_path / "w", create=True)
    with workspace.ledger.connect() as db:
        db.execute("SELECT COUNT(*) FROM decisions").fetchone()
        before = n_locks(workspace.ledger.path)
        Workspace(tmp_path / "w")
        for i in range(20):  # nor does opening many others
            Workspace(tmp_path / f"other-{i}", create=True)
        assert n_locks(workspace.ledger.path) >= before > 0
