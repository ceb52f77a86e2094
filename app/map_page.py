"""Map: every record as a point, and beside it what is picked there, to be read, or the clusters as a table."""

from components.frame import navigation
from components.map import focus_panel, map_view, stage
from components.session import opened
from core.workspace.deciding import overrides_of

pipeline = opened.pipeline()
navigation.require(pipeline, "map")

opened.forget_what_changed(pipeline)
overrides = overrides_of(pipeline)
statuses = opened.statuses(pipeline, overrides)
with stage.columns() as (map_column, panel):
    with map_column:
        focus = map_view.show(pipeline, statuses)
    with panel:
        focus_panel.show(pipeline, focus, statuses, overrides.multipliers)
