import numpy as np
import pytest

from core.base.errors import CurationError
from core.data.records import RecordParams
from core.workspace import picks
from core.workspace.picks import forget_pick, keep_pick, named_picks, pick_of
from core.workspace.workspace import Workspace


def test_a_pick_comes_back_by_its_id_in_another_process(make_pipeline):
    workspace = make_pipeline().workspace
    made = keep_pick(workspace, "area", "drawn on the map", np.array([9, 3, 3]), who="ann")
    found = pick_of(Workspace(workspace.folder), made.id)
    assert (found.kind, found.label, found.rows.tolist(), found.who) == ("area", "drawn on the map", [3, 9], "ann")
    assert (found.cluster, found.name, found.at) == (-1, "", made.at) and found.rows.dtype == np.int64
    assert pick_of(workspace, "nothing") is None


def test_the_same_pick_is_one_and_a_name_stays_with_it(make_pipeline):
    workspace = make_pipeline().workspace
    first = keep_pick(workspace, "search", "bread", np.array([1, 2]), who="ann", name=" Bakery ")
    second = keep_pick(workspace, "search", "bread", np.array([2, 1]))
    assert second.id == first.id and second.name == "Bakery" and second.who == "ann"
    others = [
        keep_pick(workspace, "search", "bread", np.array([1, 3])),
        keep_pick(workspace, "search", "oven", np.array([1, 2])),
        keep_pick(workspace, "area", "bread", np.array([1, 2])),
        keep_pick(workspace, "search", "bread", np.array([1, 2]), cluster=2),
    ]
    assert len({first.id, *(other.id for other in others)}) == 5
    assert [pick.name for pick in named_picks(workspace)] == ["Bakery"]
    assert keep_pick(workspace, "search", "bread", np.array([1, 2]), name="Oven").name == "Oven"
    with pytest.raises(CurationError, match="Another pick is called 'Oven'"):
        keep_pick(workspace, "area", "bread", np.array([1, 2]), name="Oven")
    forget_pick(workspace, first.id)
    assert named_picks(workspace) == [] and pick_of(workspace, first.id) is None


def test_a_record_that_is_not_there_can_not_be_picked(make_pipeline):
    with pytest.raises(CurationError, match="record 60 is not one of 0 to 59"):
        keep_pick(make_pipeline().workspace, "area", "", np.array([1, 60]))


def test_a_pick_finds_its_records_in_other_data_and_is_none_without_them(make_pipeline, data_file):
    workspace = make_pipeline().workspace
    kept, gone = (keep_pick(workspace, "area", "", np.array(rows), name=str(rows)) for rows in ([1, 2, 58], [1]))
    lines = data_file.read_bytes().splitlines(keepends=True)
    data_file.write_bytes(b"".join(reversed(lines[2:])))
    workspace.import_data(data_file, RecordParams())
    assert pick_of(workspace, kept.id).rows.tolist() == [1, 57]
    assert pick_of(workspace, gone.id) is None and [pick.id for pick in named_picks(workspace)] == [kept.id]


def test_only_the_newest_without_a_name_are_kept(make_pipeline, monkeypatch):
    monkeypatch.setattr(picks, "_MOST_UNNAMED", 3)
    workspace = make_pipeline().workspace
    named = keep_pick(workspace, "area", "", np.array([50]), name="kept")
    made = [keep_pick(workspace, "area", "", np.array([row])).id for row in range(4)]
    keep_pick(workspace, "area", "", np.array([1]))  # it is looked at again, so it is not the oldest
    made.append(keep_pick(workspace, "area", "", np.array([5])).id)
    assert [pick_of(workspace, each) is not None for each in made] == [False, True, False, True, True]
    assert pick_of(workspace, named.id) is not None
