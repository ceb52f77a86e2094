// What lies above the points: stars, names without overlap, contours of density, the line being drawn, a ring around the point under the pointer.
const CLUSTER = { px: 12, weight: 500, lines: [0] };
const REGION = { px: 15, weight: 600, lines: [0, -1, 1] }; // tried on its place, then a line above and below
const NEAR = 1.6; // the zoom at which the first clusters' names come
const NEARER = 3.2; // and at which those of regions are gone
const TOOLS_PX = 44; // on the right, kept free of names
const LEVELS = [0.5, 0.75, 0.9, 0.97];
const CONTOUR_SIDE = 128;
const STAR_PX = 7; // from the middle of a star to its points

class Overlay {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.names = [];
    this.regions = [];
    this.stars = [];
    this.contours = null;
    this.widths = new Map();
  }

  draw(view, ink, { line, ring, withContours, withStars, star, points }) {
    const ratio = window.devicePixelRatio || 1;
    const context = this.context;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    if (withContours) this.drawContours(view, ink, points);
    if (withStars) this.drawStars(view, ink, star);
    this.drawNames(view, ink);
    if (ring) this.drawRing(ring, ink);
    if (line) this.drawLine(line, ink);
  }

  // From afar the regions' names; nearer, those of clusters, the largest first, as many as find room. Where the one gives way to
  // the other, both are seen, the regions' paler. A map without regions has its largest clusters' names from the start.
  drawNames(view, ink) {
    const zoom = Math.max(1, view.zoom);
    const near = this.regions.length ? Math.min(1, Math.max(0, (zoom - NEAR) / (NEARER - NEAR))) : 1;
    const placed = [];
    if (near < 1) this.place(view, ink, this.regions, REGION, this.regions.length, placed);
    const n = placed.length;
    const most = near > 0 ? Math.min(60, Math.round(14 * zoom ** 0.7)) : 0;
    this.place(view, ink, this.names, CLUSTER, n + most, placed);
    this.write(placed.slice(n), ink, CLUSTER, 1);
    this.write(placed.slice(0, n), ink, REGION, 1 - 0.65 * near);
    this.canvas.dataset.names = placed.length;
    this.canvas.dataset.regions = n;
  }

  // Add to `placed` the names that find room, up to `most` in all.
  place(view, ink, names, look, most, placed) {
    const context = this.context;
    context.font = fontOf(look, ink);
    for (const [x, y, text] of names) {
      if (placed.length >= most) break;
      const [left, top] = view.toPixel(x, y);
      if (left < 0 || top < 0 || left > view.width || top > view.height) continue;
      const key = `${look.px} ${text}`;
      let width = this.widths.get(key);
      if (width === undefined) this.widths.set(key, (width = context.measureText(text).width));
      const half = width / 2 + 8;
      const at = Math.min(view.width - TOOLS_PX - half, Math.max(half, left));
      const tall = look.px * 0.85;
      const isClear = (y) => placed.every(([l, t, h, , high]) => Math.abs(l - at) > h + half || Math.abs(t - y) >= tall + high);
      const free = look.lines.map((line) => top + 2 * line * tall).find(isClear);
      if (free !== undefined) placed.push([at, free, half, text, tall]);
    }
  }

  write(placed, ink, look, opacity) {
    const context = this.context;
    context.font = fontOf(look, ink);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.globalAlpha = opacity;
    for (const [left, top, , text] of placed) {
      context.strokeStyle = ink.ground;
      context.lineWidth = look.px / 3;
      context.strokeText(text, left, top);
      context.fillStyle = ink.text;
      context.fillText(text, left, top);
    }
    context.globalAlpha = 1;
  }

  drawLine(line, ink) {
    const context = this.context;
    context.beginPath();
    line.forEach(([left, top], i) => (i ? context.lineTo(left, top) : context.moveTo(left, top)));
    context.closePath();
    context.globalAlpha = 0.1;
    context.fillStyle = ink.accent;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = ink.accent;
    context.lineWidth = 1.5;
    context.stroke();
  }

  drawRing([left, top], ink) {
    const context = this.context;
    context.beginPath();
    context.arc(left, top, 7, 0, 2 * Math.PI);
    context.strokeStyle = ink.ground;
    context.lineWidth = 4;
    context.stroke();
    context.strokeStyle = ink.text;
    context.lineWidth = 1.5;
    context.stroke();
  }

  // The examples of a target, with a rim of the ground, so that they are seen on any colour. under: the one under the pointer.
  drawStars(view, ink, under) {
    const context = this.context;
    context.lineJoin = "round";
    this.stars.forEach(([x, y], i) => {
      const [left, top] = view.toPixel(x, y);
      if (left < -STAR_PX || top < -STAR_PX || left > view.width + STAR_PX || top > view.height + STAR_PX) return;
      starPath(context, left, top, i === under ? 1.4 * STAR_PX : STAR_PX);
      context.strokeStyle = ink.ground;
      context.lineWidth = 3;
      context.stroke();
      context.fillStyle = i === under ? ink.accent : ink.text;
      context.fill();
    });
    this.canvas.dataset.stars = this.stars.length;
  }

  // The star under the pointer, the last drawn of several; -1 where none is.
  starAt(view, [left, top]) {
    for (let i = this.stars.length - 1; i >= 0; i--) {
      const [x, y] = view.toPixel(this.stars[i][0], this.stars[i][1]);
      if (Math.hypot(x - left, y - top) <= STAR_PX) return i;
    }
    return -1;
  }

  drawContours(view, ink, points) {
    this.contours ??= contoursOf(points);
    const context = this.context;
    context.strokeStyle = ink.text;
    context.lineWidth = 1;
    this.contours.forEach((segments, level) => {
      context.globalAlpha = 0.2 + 0.15 * level;
      context.beginPath();
      for (let i = 0; i < segments.length; i += 4) {
        context.moveTo(...view.toPixel(segments[i], segments[i + 1]));
        context.lineTo(...view.toPixel(segments[i + 2], segments[i + 3]));
      }
      context.stroke();
    });
    context.globalAlpha = 1;
  }
}

function starPath(context, left, top, size) {
  context.beginPath();
  for (let i = 0; i < 10; i++) {
    const far = i % 2 ? 0.45 * size : size;
    const angle = (i * Math.PI) / 5;
    context[i ? "lineTo" : "moveTo"](left + far * Math.sin(angle), top - far * Math.cos(angle));
  }
  context.closePath();
}

// Lines of equal density, a list of [x, y, x, y] a level: counts in cells, smoothed, then marching squares.
function contoursOf(points) {
  const side = CONTOUR_SIDE;
  let counts = new Float32Array(side * side);
  for (let point = 0; point < points.n; point++) {
    counts[Math.min(side - 1, Math.floor(points.y(point) * side)) * side + Math.min(side - 1, Math.floor(points.x(point) * side))]++;
  }
  for (let i = 0; i < 3; i++) counts = smoothed(counts, side);
  const held = counts.filter((value) => value > 0.05).sort();
  const levels = LEVELS.map((level) => held[Math.floor(level * (held.length - 1))]);
  return levels.map((level) => squares(counts, side, level));
}

function smoothed(counts, side) {
  const across = new Float32Array(counts.length);
  const both = new Float32Array(counts.length);
  const blur = (from, to, step, limit) => {
    for (let i = 0; i < from.length; i++) {
      const at = limit(i);
      to[i] = (from[i] * 2 + (at > 0 ? from[i - step] : from[i]) + (at < side - 1 ? from[i + step] : from[i])) / 4;
    }
  };
  blur(counts, across, 1, (i) => i % side);
  blur(across, both, side, (i) => Math.floor(i / side));
  return both;
}

function squares(counts, side, level) {
  const found = [];
  const between = (a, b) => (level - a) / (b - a);
  for (let row = 0; row < side - 1; row++) {
    for (let column = 0; column < side - 1; column++) {
      const at = row * side + column;
      const [a, b, c, d] = [counts[at], counts[at + 1], counts[at + side + 1], counts[at + side]];
      const cut = [];
      if (a < level !== b < level) cut.push([column + between(a, b), row]);
      if (b < level !== c < level) cut.push([column + 1, row + between(b, c)]);
      if (d < level !== c < level) cut.push([column + between(d, c), row + 1]);
      if (a < level !== d < level) cut.push([column, row + between(a, d)]);
      for (let i = 0; i + 1 < cut.length; i += 2) for (const end of [cut[i], cut[i + 1]]) found.push(...end.map((v) => (v + 0.5) / side));
    }
  }
  return new Float32Array(found);
}

function fontOf(look, ink) {
  return `${look.weight} ${look.px}px ${ink.font}`;
}
