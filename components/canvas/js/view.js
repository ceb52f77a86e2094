// The part of the map in sight. Places are in the unit square, y up; `scale` is CSS pixels a unit.
const MARGIN = 1.06;
const SIDE_PX = 48; // kept free on both sides: on the right lie the tools
const CLOSEST = 120; // times the whole: beyond, positions of 16 bits would show as a grid

class View {
  constructor() {
    this.x = 0.5;
    this.y = 0.5;
    this.scale = 1;
    this.width = 1;
    this.height = 1;
    this.bounds = [1, 1];
  }
  get whole() {
    const across = Math.max(this.width - 2 * SIDE_PX, this.width / 2);
    return Math.min(across / this.bounds[0], this.height / (this.bounds[1] * MARGIN));
  }
  get zoom() {
    return this.scale / this.whole;
  }
  get middle() {
    return [this.width / 2, this.height / 2];
  }
  resize(width, height) {
    const zoom = this.zoom;
    this.width = width;
    this.height = height;
    this.scale = this.whole * zoom;
  }
  fit() {
    this.set(0.5, 0.5, 1);
  }
  set(x, y, zoom) {
    const kept = Math.min(CLOSEST, Math.max(0.5, zoom));
    this.x = Math.min(1, Math.max(0, x));
    this.y = Math.min(1, Math.max(0, y));
    this.scale = this.whole * kept;
  }
  toPlace(left, top) {
    return [this.x + (left - this.width / 2) / this.scale, this.y - (top - this.height / 2) / this.scale];
  }
  toPixel(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, this.height / 2 - (y - this.y) * this.scale];
  }
  pan(right, down) {
    this.set(this.x - right / this.scale, this.y + down / this.scale, this.zoom);
  }
  zoomAt(left, top, factor) {
    const [x, y] = this.toPlace(left, top);
    const zoom = Math.min(CLOSEST, Math.max(0.5, this.zoom * factor));
    const scale = this.whole * zoom;
    this.set(x - (left - this.width / 2) / scale, y + (top - this.height / 2) / scale, zoom);
  }
  frame(low, high) {
    const across = Math.max(high[0] - low[0], 1e-4) * 1.25;
    const up = Math.max(high[1] - low[1], 1e-4) * 1.25;
    const scale = Math.min(this.width / across, this.height / up);
    this.set((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, scale / this.whole);
  }
}
