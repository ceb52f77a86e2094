// The mouse and the keys on the map: lines, clicks, moving, zooming. Says what happened; decides nothing.
const STILL_PX = 4; // a press that never went farther before its release is a click; a line ends where it began, too
const LINE_CORNERS = 80;
const STEP_PX = 60;

// How a pick joins what is picked already: Shift adds, Alt takes away.
const joinOf = (event) => (event.shiftKey ? "add" : event.altKey ? "subtract" : "");

class Pointer {
  constructor(canvas, map) {
    this.map = map;
    this.canvas = canvas;
    this.press = null;
    const on = (name, hear, options) => canvas.addEventListener(name, hear, options);
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", () => this.cancel());
    on("pointerleave", () => map.rest(null));
    on("contextmenu", (event) => event.preventDefault());
    on("dblclick", (event) => map.zoomAt(...this.at(event), 2));
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("keydown", (event) => this.key(event));
    on("focus", () => canvas.matches(":focus-visible") && map.restInMiddle());
    on("blur", () => map.rest(null));
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  down(event) {
    const moves = this.map.tools.mode === "move" || event.button === 1 || event.button === 2;
    this.press = { at: this.at(event), last: this.at(event), moves, line: [this.at(event)], far: false, button: event.button };
    this.canvas.setPointerCapture(event.pointerId);
    this.map.rest(null);
  }

  move(event) {
    const at = this.at(event);
    const press = this.press;
    if (!press) {
      this.map.rest(at);
      return;
    }
    press.far ||= Math.hypot(at[0] - press.at[0], at[1] - press.at[1]) >= STILL_PX;
    if (!press.far) return;
    if (press.moves) this.map.pan(at[0] - press.last[0], at[1] - press.last[1]);
    else {
      press.line.push(at);
      this.map.drawLine(press.line);
    }
    press.last = at;
  }

  up(event) {
    const press = this.press;
    this.press = null;
    if (!press) return;
    this.map.drawLine(null);
    if (press.far && !press.moves) this.map.lasso(fewerCorners(press.line), joinOf(event));
    else if (!press.far && press.button === 0) this.map.click(press.at, joinOf(event));
  }

  cancel() {
    this.press = null;
    this.map.drawLine(null);
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 30 : 1;
    this.map.zoomAt(...this.at(event), Math.exp(-event.deltaY * lines * 0.0015));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey) return;
    const { map } = this;
    const { middle } = map.view;
    const actions = {
      ArrowLeft: () => map.pan(STEP_PX, 0),
      ArrowRight: () => map.pan(-STEP_PX, 0),
      ArrowUp: () => map.pan(0, STEP_PX),
      ArrowDown: () => map.pan(0, -STEP_PX),
      "+": () => map.zoomAt(...middle, 1.5),
      "=": () => map.zoomAt(...middle, 1.5),
      "-": () => map.zoomAt(...middle, 1 / 1.5),
      0: () => map.showWhole(),
      Enter: () => map.pickMiddle(joinOf(event)),
      Escape: () => (this.press ? this.cancel() : map.clear()),
    };
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
    if (/^Arrow|^[-+=]$/.test(event.key)) map.restInMiddle();
  }
}

// A line with at most LINE_CORNERS corners: those that bend it least are left out (Visvalingam's areas, one pass at a time).
function fewerCorners(line) {
  let kept = line.filter((at, i) => !i || Math.hypot(at[0] - line[i - 1][0], at[1] - line[i - 1][1]) >= 1);
  while (kept.length > LINE_CORNERS) {
    const bends = kept.map(([x, y], i) => {
      const [ax, ay] = kept[(i + kept.length - 1) % kept.length];
      const [bx, by] = kept[(i + 1) % kept.length];
      return Math.abs((ax - x) * (by - y) - (bx - x) * (ay - y));
    });
    const least = [...bends].sort((a, b) => a - b)[Math.max(1, Math.floor(kept.length / 10))];
    let before = false;
    kept = kept.filter((_, i) => {
      before = !before && bends[i] <= least;
      return !before;
    });
  }
  return kept;
}
