// The points drawn by the processor: what falls on a pixel is added up there; its colour is their mean, its opacity grows with
// their number, whatever their order. Where they are few and large, each is a disc of its own with a rim.
const COUNT_STEPS = 8; // of opacity a point
const MOST_DISCS = 4000;

class PixelRenderer {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.lost = false;
    this.looks = { colours: lookTable(), faded: lookTable() };
    this.hidden = new Uint8Array(256);
    this.rest = new Uint8Array(256);
    this.ink = { ground: "#fff", text: "#000" };
    this.layers = {}; // sums by what they are of, kept: a pick changes only what lies over the others
  }

  upload(name) {
    if (name !== "picked") this.layers = {};
  }

  stop() {}

  // header: of the colours' layer. hidden: codes that are not drawn. ink: the page's colours.
  setPalette(header, hidden, ink) {
    this.ink = ink;
    this.layers = {};
    for (const name of ["colours", "faded"]) {
      const look = this.looks[name];
      header[name].forEach((colour, code) => {
        [look.red[code], look.green[code], look.blue[code]] = colour;
        look.css[code] = `rgb(${colour.join(",")})`;
      });
    }
    for (let code = 0; code < 256; code++) {
      this.hidden[code] = hidden.has(code) ? 1 : 0;
      this.rest[code] = header.rest.includes(code) ? 1 : 0;
    }
  }

  draw(view, points, onDone) {
    const { width, height } = this.canvas;
    if (!points.n || points.codes.length < points.n || !width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    const sheet = this.context.createImageData(width, height);
    const discs = [];
    for (const pass of passesOf(view, points)) {
      const n = countOf(pass, points);
      if (n <= MOST_DISCS && rimOf(pass)) {
        discs.push(pass);
        continue;
      }
      this.put(this.layer(view, points, pass, ratio), sheet.data, pass.alpha);
    }
    this.context.putImageData(sheet, 0, 0);
    for (const pass of discs) this.drawDiscs(view, points, pass, ratio);
    onDone();
  }

  // The sums of a pass, added up anew only where the view or the points have changed since.
  layer(view, points, pass, ratio) {
    const { width, height } = this.canvas;
    const layer = (this.layers[`${pass.which} ${pass.faded}`] ??= { sums: new Float32Array(0), of: "" });
    const of = [view.x, view.y, view.scale, width, height, pass.size].join();
    if (layer.of !== of || pass.which === "picked") this.add(layer, view, points, pass, pass.size * ratio);
    layer.of = of;
    return layer;
  }

  // Few points, in order: later ones lie over earlier ones, parted by a rim of the ground.
  drawDiscs(view, points, pass, ratio) {
    const { context, hidden } = this;
    const only = pass.which === "picked" ? points.picked : null;
    const { css } = this.looks[pass.faded ? "faded" : "colours"];
    const rim = rimOf(pass);
    const radius = (pass.size / 2 - rim / 2) * ratio;
    context.globalAlpha = pass.alpha;
    context.strokeStyle = this.ink[pass.rim];
    context.lineWidth = rim * ratio;
    for (let i = 0; i < (only ? only.length : points.n); i++) {
      const j = only ? only[i] : i;
      const code = points.codes[j];
      if (hidden[code] || this.isLeftOut(pass, code)) continue;
      const [left, top] = view.toPixel(points.x(j), points.y(j));
      if (left < -pass.size || top < -pass.size || left > view.width + pass.size || top > view.height + pass.size) continue;
      context.fillStyle = css[code];
      context.beginPath();
      context.arc(left * ratio, top * ratio, radius, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  isLeftOut(pass, code) {
    return (pass.which === "rest" && !this.rest[code]) || (pass.which === "others" && this.rest[code]);
  }

  // Add up the points of a pass, pixel by pixel, in a layer's sums: red, green, blue, number.
  add(layer, view, points, pass, size) {
    const { width, height } = this.canvas;
    if (layer.sums.length !== 4 * width * height) layer.sums = new Float32Array(4 * width * height);
    else layer.sums.fill(0);
    const { sums } = layer;
    const { red, green, blue } = this.looks[pass.faded ? "faded" : "colours"];
    const skip = this.hidden.map((is, code) => (is || this.isLeftOut(pass, code) ? 1 : 0));
    const only = pass.which === "picked" ? points.picked : null;
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
      if (skip[code]) continue;
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
    // Less than a whole point, at its edge, is as opaque as its part: a small point stays round.
    const opacity = new Float32Array(64 * COUNT_STEPS).map((_, step) =>
      step < COUNT_STEPS ? (alpha * step) / COUNT_STEPS : 1 - (1 - alpha) ** (step / COUNT_STEPS),
    );
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

function lookTable() {
  return { red: new Float32Array(256), green: new Float32Array(256), blue: new Float32Array(256), css: new Array(256).fill("#888") };
}

function countOf(pass, points) {
  if (pass.which === "picked") return points.picked.length;
  return { all: points.n, rest: points.nRest, others: points.n - points.nRest }[pass.which];
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
