// The points as arrays: where each is, its colour's code, whether it is picked; and which of them is under the pointer.
class Points {
  constructor() {
    this.n = 0;
    this.stride = 1;
    this.places = new Uint16Array(0);
    this.codes = new Uint8Array(0);
    this.nRest = 0; // how many have a code of the colouring's rest
    this.picked = null; // Uint32Array of points, or null where nothing is picked
    this.isPicked = null; // bits, by point
    this.grid = null;
  }
  // Points come in an order that any beginning of is a fair sample: point j is record (j * stride) mod n.
  rowOf(point) {
    return (point * this.stride) % this.n;
  }
  setPlaces(part) {
    this.n = part.header.n;
    this.stride = part.header.stride;
    this.places = new Uint16Array(part.payload);
    this.grid = null;
  }
  setCodes(part) {
    this.codes = new Uint8Array(part.payload);
    this.nRest = part.header.n_rest;
  }
  setPicked(part) {
    this.isPicked = part && part.header.n_picked >= 0 ? new Uint8Array(part.payload) : null;
    this.picked = null;
    if (!this.isPicked) return;
    const found = new Uint32Array(part.header.n_picked);
    let at = 0;
    for (let byte = 0; byte < this.isPicked.length; byte++) {
      const bits = this.isPicked[byte];
      if (!bits) continue;
      for (let bit = 0; bit < 8; bit++) if (bits & (128 >> bit)) found[at++] = byte * 8 + bit;
    }
    this.picked = found;
  }
  x(point) {
    return this.places[2 * point] / 65535;
  }
  y(point) {
    return this.places[2 * point + 1] / 65535;
  }
  // The extent of what is picked, without its farthest twentieth on each side where that is many points.
  extentOfPicked() {
    const of = (offset) => {
      const values = new Uint16Array(this.picked.length);
      for (let i = 0; i < values.length; i++) values[i] = this.places[2 * this.picked[i] + offset];
      values.sort();
      const cut = values.length > 40 ? Math.floor(values.length / 20) : 0;
      return [values[cut] / 65535, values[values.length - 1 - cut] / 65535];
    };
    const [x, y] = [of(0), of(1)];
    return [[x[0], y[0]], [x[1], y[1]]];
  }
  // The points sorted by cell, once a map: looking under the pointer then touches a few cells only.
  index() {
    if (this.grid) return this.grid;
    const side = Math.max(8, Math.min(512, Math.floor(Math.sqrt(this.n / 3))));
    const shrink = side / 65536;
    const first = new Uint32Array(side * side + 1);
    const cell = (point) =>
      Math.floor(this.places[2 * point + 1] * shrink) * side + Math.floor(this.places[2 * point] * shrink);
    for (let point = 0; point < this.n; point++) first[cell(point) + 1]++;
    for (let i = 0; i < side * side; i++) first[i + 1] += first[i];
    const next = first.slice(0, side * side);
    const sorted = new Uint32Array(this.n);
    for (let point = 0; point < this.n; point++) sorted[next[cell(point)]++] = point;
    this.grid = { side, first, sorted };
    return this.grid;
  }
  // The point nearest to a place within `reach` (both in units), -1 where none is; hidden codes are passed over.
  nearest(x, y, reach, hidden) {
    if (!this.n) return -1;
    const { side, first, sorted } = this.index();
    const at = (value) => Math.max(0, Math.min(side - 1, Math.floor(value * side)));
    let best = -1;
    let least = reach * reach;
    for (let row = at(y - reach); row <= at(y + reach); row++) {
      for (let column = at(x - reach); column <= at(x + reach); column++) {
        const cell = row * side + column;
        for (let i = first[cell]; i < first[cell + 1]; i++) {
          const point = sorted[i];
          const away = (this.x(point) - x) ** 2 + (this.y(point) - y) ** 2;
          if (away < least || (away === least && (best < 0 || this.rowOf(point) < this.rowOf(best)))) {
            if (hidden.has(this.codes[point])) continue;
            best = point;
            least = away;
          }
        }
      }
    }
    return best;
  }
}
