// The points drawn by the processor: what falls on a pixel is added up there; its colour is their mean, its opacity grows with
// their number, whatever their order.
const COUNT_STEPS = 8; // of opacity a point

class PixelRenderer {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.lost = false;
    this.red = new Float32Array(256);
    this.green = new Float32Array(256);
    this.blue = new Float32Array(256);
    this.hidden = new Uint8Array(256);
    this.all = { sums: new Float32Array(0), of: "" }; // kept: a pick changes only what lies over it
    this.front = { sums: new Float32Array(0) };
  }

  upload(name) {
    if (name !== "picked") this.all.of = "";
  }

  stop() {}

  setPalette(colours, hidden) {
    this.all.of = "";
    colours.forEach(([red, green, blue], code) => {
      [this.red[code], this.green[code], this.blue[code]] = [red, green, blue];
      this.hidden[code] = hidden.has(code) ? 1 : 0;
    });
  }

  draw(view, points, onDone) {
    const { width, height } = this.canvas;
    if (!points.n || points.codes.length < points.n || !width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    const { point, alpha, larger, front } = lookOf(view, points);
    const sheet = this.context.createImageData(width, height);
    const { picked } = points;
    const of = [view.x, view.y, view.scale, width, height, point].join();
    if (this.all.of !== of) this.add(this.all, view, points, null, point * ratio);
    this.all.of = of;
    this.put(this.all, sheet.data, picked ? alpha * FADED : alpha);
    if (picked && picked.length) {
      this.add(this.front, view, points, picked, larger * ratio);
      this.put(this.front, sheet.data, front);
    }
    this.context.putImageData(sheet, 0, 0);
    onDone();
  }

  // Add up the points, or those in `only`, pixel by pixel, in a layer's sums: red, green, blue, number.
  add(layer, view, points, only, size) {
    const { width, height } = this.canvas;
    if (layer.sums.length !== 4 * width * height) layer.sums = new Float32Array(4 * width * height);
    else layer.sums.fill(0);
    const { sums } = layer;
    const { red, green, blue, hidden } = this;
    const { places, codes } = points;
    const scale = (view.scale * (window.devicePixelRatio || 1)) / 65535;
    const [left, top] = [width / 2 - view.x * 65535 * scale, height / 2 + view.y * 65535 * scale];
    const stamp = stampOf(size);
    const reach = Math.ceil(size / 2);
    const [right, bottom] = [width + reach, height + reach];
    const n = only ? only.length : points.n;
    const isPixel = stamp.length === 3;
    for (let i = 0; i < n; i++) {
      const j = only ? only[i] : i;
      const x = (left + places[2 * j] * scale) | 0;
      const y = (top - places[2 * j + 1] * scale) | 0;
      if (x < -reach || y < -reach || x >= right || y >= bottom) continue;
      const code = codes[j];
      if (hidden[code]) continue;
      if (isPixel) {
        if (x < 0 || y < 0 || x >= width || y >= height) continue;
        const at = 4 * (y * width + x);
        sums[at] += red[code];
        sums[at + 1] += green[code];
        sums[at + 2] += blue[code];
        sums[at + 3] += 1;
        continue;
      }
      for (let k = 0; k < stamp.length; k += 3) {
        const column = x + stamp[k];
        const row = y + stamp[k + 1];
        if (column < 0 || row < 0 || column >= width || row >= height) continue;
        const weight = stamp[k + 2];
        const at = 4 * (row * width + column);
        sums[at] += red[code] * weight;
        sums[at + 1] += green[code] * weight;
        sums[at + 2] += blue[code] * weight;
        sums[at + 3] += weight;
      }
    }
  }

  // Lay a layer's sums over the picture (r, g, b, a, not multiplied by a).
  put({ sums }, data, alpha) {
    const opacity = new Float32Array(64 * COUNT_STEPS).map((_, step) => 1 - (1 - alpha) ** (step / COUNT_STEPS));
    for (let at = 0; at < sums.length; at += 4) {
      const count = sums[at + 3];
      if (count === 0) continue;
      const over = opacity[Math.min(opacity.length - 1, Math.round(count * COUNT_STEPS))];
      const under = (data[at + 3] / 255) * (1 - over);
      const both = over + under;
      if (both === 0) continue;
      for (let channel = 0; channel < 3; channel++) {
        data[at + channel] = ((sums[at + channel] / count) * over + data[at + channel] * under) / both;
      }
      data[at + 3] = both * 255;
    }
  }
}

// The pixels that a point of this size covers, and how much of each: [column, row, part] a pixel.
function stampOf(size) {
  if (size < 1.6) return Float32Array.of(0, 0, 1);
  const reach = Math.ceil(size / 2);
  const found = [];
  for (let row = -reach; row <= reach; row++) {
    for (let column = -reach; column <= reach; column++) {
      const part = Math.min(1, Math.max(0, size / 2 - Math.hypot(column, row) + 0.5));
      if (part > 0.05) found.push(column, row, part);
    }
  }
  return Float32Array.from(found);
}
