// The map: the layers in, what was picked out. What must last between calls hangs on the root element.
const REST_MS = 60; // a pointer that moves on is not asked for
const REACH_PX = 14; // from the pointer to the record it means, at most
const KEYS_REACH_PX = 80; // and from the middle, where keys move the map
const SETTLED_MS = 500; // after which the server hears what is in view
const maps = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector(".map");
  let map = maps.get(root);
  if (!map) {
    map = new PointMap(root, component);
    maps.set(root, map);
  }
  map.update(component);
  return () => map.leave();
}

class PointMap {
  constructor(root, component) {
    this.root = root;
    this.component = component;
    const find = (name) => root.querySelector(name);
    this.canvas = find(".points");
    this.tip = find(".tip");
    this.said = find(".said");
    this.label = this.canvas.getAttribute("aria-label");
    this.view = new View();
    this.points = new Points();
    this.overlay = new Overlay(find(".overlay"));
    this.legend = new Legend(find(".legend"), () => this.recolour());
    root.dataset.renderer = rendererOf();
    root.dataset.lacks = document.createElement("canvas").getContext("webgl2") ? "" : "webgl2";
    const draws = root.dataset.renderer === "webgl2" ? WebglRenderer : PixelRenderer;
    this.renderer = new draws(this.canvas, () => this.uploadAll());
    this.line = null;
    this.under = -1; // the point under the pointer
    this.star = -1; // and the star, which comes before it
    this.asked = 0;
    this.known = new Map(); // what the server said of a record
    this.first = true;
    this.hub = null;
    this.hear = (part) => this.take(part);
    this.pointer = new Pointer(this.canvas, this);
    this.canvas.addEventListener("webglcontextlost", () => (root.dataset.lost = "1"));
    this.tools = new Tools(find(".tools"), this);
    this.watcher = new ResizeObserver((seen) => this.resize(seen.at(-1)));
    try {
      this.watcher.observe(this.canvas, { box: "device-pixel-content-box" });
    } catch {
      this.watcher.observe(this.canvas); // a browser that tells no device pixels
    }
    this.resize();
  }

  update(component) {
    this.component = component;
    const { data } = component;
    this.root.style.height = `var(--winnow-map-height, ${data.height}px)`; // a page may give it the screen's
    this.root.dataset.dark = data.dark ? "1" : "";
    if (this.first) this.begin = data.view;
    this.first = false;
    const hub = hubOf(data.map);
    if (hub !== this.hub) {
      this.leave();
      this.hub = hub;
      hub.heard.add(this.hear);
      for (const part of Object.keys(hub.parts)) this.take(part);
    }
    hub.heard.add(this.hear);
    this.root.querySelector(".tools").hidden = !data.tools;
    if (data.answer) {
      this.known.set(data.answer.row, data.answer.lines);
      this.showTip();
    }
    const ground = getComputedStyle(this.root).getPropertyValue("--st-background-color");
    if (ground !== this.ground) this.recolour();
    this.ground = ground;
  }

  leave() {
    if (this.hub) this.hub.heard.delete(this.hear);
  }

  // A layer came.
  take(name) {
    const part = this.hub.parts[name];
    if (name === "points") {
      this.points.setPlaces(part);
      this.canvas.setAttribute("aria-label", this.label.replace("all", this.points.n.toLocaleString("en-US")));
      this.view.bounds = part.header.bounds;
      this.overlay.contours = null;
      this.known.clear();
      if (this.begin) this.view.set(...this.begin);
      else this.view.fit();
      this.begin = null; // another map is shown whole
      this.renderer.upload("place", this.points.places);
    } else if (name === "colours") {
      this.points.setCodes(part);
      this.legend.show(part.header);
      this.renderer.upload("code", this.points.codes);
      this.renderer.setPalette(part.header, this.legend.hidden, this.ink());
    } else if (name === "picked") {
      this.points.setPicked(part);
      if (this.points.picked) this.renderer.upload("picked", this.points.picked);
      this.tools.canShowPicked = Boolean(this.points.picked && this.points.picked.length);
    } else if (name === "names") {
      this.overlay.names = part.header.names;
      this.overlay.regions = part.header.regions;
    } else if (name === "stars") {
      this.overlay.stars = part.header.stars;
      this.star = -1;
      this.showTip();
      this.legend.showStars(part.header.stars.length);
    }
    this.redraw();
  }

  uploadAll() {
    delete this.root.dataset.lost;
    for (const name of Object.keys(this.hub.parts)) this.take(name);
  }

  recolour() {
    if (!this.legend.colouring) return;
    this.renderer.setPalette(this.legend.colouring, this.legend.hidden, this.ink());
    this.redraw();
  }

  // The pictures have as many pixels as the screen shows them on, or points would become dashes. seen: what the observer told.
  resize(seen) {
    const ratio = window.devicePixelRatio || 1;
    const box = this.canvas.getBoundingClientRect();
    const told = seen && seen.devicePixelContentBoxSize ? seen.devicePixelContentBoxSize[0] : null;
    const width = told ? told.inlineSize : Math.round(box.width * ratio);
    const height = told ? told.blockSize : Math.round(box.height * ratio);
    if (!width || !height) return;
    for (const canvas of [this.canvas, this.overlay.canvas]) [canvas.width, canvas.height] = [width, height];
    this.view.resize(width / ratio, height / ratio);
    this.redraw();
  }

  // Many changes in one moment make one frame.
  redraw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.root.dataset.drawn = "";
      this.drawOverlay();
      this.renderer.draw(this.view, this.points, () => this.drawn());
    });
  }

  drawn() {
    this.root.dataset.frames = Number(this.root.dataset.frames || 0) + 1;
    const picked = this.points.picked ? this.points.picked.length : "";
    this.root.dataset.drawn = `${this.points.n} ${this.legend.colouring ? this.legend.colouring.id : ""} ${picked}`;
    this.root.dataset.view = [this.view.x, this.view.y, this.view.zoom].map((value) => value.toFixed(5)).join(" ");
  }

  ink() {
    const style = getComputedStyle(this.root);
    const get = (name) => style.getPropertyValue(name).trim();
    const [ground, text, accent] = ["--st-background-color", "--st-text-color", "--st-primary-color"].map(get);
    return { ground, text, accent, font: get("--st-font") || style.fontFamily };
  }

  drawOverlay() {
    const ring = this.under >= 0 && this.view.toPixel(this.points.x(this.under), this.points.y(this.under));
    const { line, points, star } = this;
    const { contours: withContours } = this.tools;
    this.overlay.draw(this.view, this.ink(), { line, ring, withContours, withStars: this.legend.starsShown, star, points });
  }

  // Under the pointer

  // aloud: whether what is there is said too, to those who don't see it.
  rest(at, reach = REACH_PX, aloud = false) {
    clearTimeout(this.resting);
    this.aloud = aloud;
    const star = at && this.legend.starsShown ? this.overlay.starAt(this.view, at) : -1;
    const point = at && star < 0 ? this.pointAt(at, reach) : -1;
    if (point === this.under && star === this.star) return;
    [this.under, this.star] = [point, star];
    this.canvas.style.cursor = point >= 0 ? "pointer" : this.tools.mode === "move" ? "grab" : "crosshair";
    this.drawOverlay();
    this.showTip();
    if (point < 0 || this.known.has(this.points.rowOf(point))) return;
    this.resting = setTimeout(() => {
      this.asked += 1;
      this.component.setStateValue("hover", { n: this.asked, row: this.points.rowOf(point) });
    }, REST_MS);
  }

  pointAt([left, top], reach) {
    return this.points.nearest(...this.view.toPlace(left, top), reach / this.view.scale, this.legend.hidden);
  }

  restInMiddle() {
    this.rest(this.view.middle, KEYS_REACH_PX, true);
  }

  showTip() {
    const { tip } = this;
    tip.hidden = this.under < 0 && this.star < 0;
    if (tip.hidden) return;
    const { place, lines, isKnown } = this.meant();
    if (this.aloud && isKnown) this.said.textContent = lines.join(". ");
    tip.replaceChildren(
      ...lines.map((line) => {
        const words = document.createElement("div");
        words.textContent = line; // a record's own words: text, never markup
        return words;
      }),
    );
    const [left, top] = this.view.toPixel(...place);
    const width = tip.offsetWidth;
    const height = tip.offsetHeight;
    const x = left + 16 + width > this.view.width ? Math.max(0, left - 16 - width) : left + 16;
    const y = top + 12 + height > this.view.height ? Math.max(0, top - 12 - height) : top + 12;
    tip.style.transform = `translate(${x}px, ${y}px)`;
  }

  // What the tip is of: a star, else a point.
  meant() {
    if (this.star >= 0) {
      const [x, y, label, text] = this.overlay.stars[this.star];
      return { place: [x, y], lines: [`example of ${label}`, text], isKnown: true };
    }
    const row = this.points.rowOf(this.under);
    const lines = this.known.get(row) || [`record ${row.toLocaleString("en-US")}`, "…"];
    return { place: [this.points.x(this.under), this.points.y(this.under)], lines, isKnown: this.known.has(row) };
  }

  // What the curator does

  lasso(line, join) {
    if (line.length < 3) return;
    const corners = line.map(([left, top]) => this.view.toPlace(left, top));
    this.report("lasso", { corners, join, ...this.filter() });
  }

  click(at, join, reach = REACH_PX) {
    const point = this.pointAt(at, reach);
    if (point >= 0) this.report("click", { row: this.points.rowOf(point), join });
  }

  pickMiddle(join) {
    this.click(this.view.middle, join, KEYS_REACH_PX);
  }

  clear() {
    this.report("escape", true);
  }

  report(what, value) {
    if (this.hub && this.hub.desk) this.hub.desk.setTriggerValue(what, value);
  }

  // A line picks what is seen: nothing that the legend hides.
  filter() {
    return { hidden: [...this.legend.hidden], colouring: this.legend.colouring ? this.legend.colouring.id : "" };
  }

  drawLine(line) {
    this.line = line;
    this.drawOverlay();
  }

  pan(right, down) {
    this.view.pan(right, down);
    this.moved();
  }

  zoomAt(left, top, factor) {
    this.view.zoomAt(left, top, factor);
    this.moved();
  }

  showWhole() {
    this.flyTo(() => this.view.fit());
  }

  showPicked() {
    if (this.points.picked && this.points.picked.length) this.flyTo(() => this.view.frame(...this.points.extentOfPicked()));
  }

  // Go there in a few steps, at once for those who asked for less motion or where a frame takes long.
  flyTo(change) {
    const { view } = this;
    const from = [view.x, view.y, Math.log(view.zoom)];
    change();
    const to = [view.x, view.y, Math.log(view.zoom)];
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || this.points.n > 200000;
    const steps = calm ? 1 : 12;
    const step = (i) => {
      const part = 1 - (1 - i / steps) ** 3;
      const [x, y, zoom] = from.map((value, axis) => value + (to[axis] - value) * part);
      view.set(x, y, Math.exp(zoom));
      this.moved();
      if (i < steps) requestAnimationFrame(() => step(i + 1));
    };
    step(1);
  }

  moved() {
    this.rest(null);
    this.redraw();
    clearTimeout(this.settling);
    if (this.component.data.remembers) {
      this.settling = setTimeout(() => {
        this.component.setStateValue("view", [this.view.x, this.view.y, this.view.zoom]);
      }, SETTLED_MS);
    }
  }
}
