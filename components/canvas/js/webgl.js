// The points drawn by WebGL2. A frame may take longer than the eye waits (a million points without a graphics card), so it
// is drawn in pieces: a fair sample at once, the rest in the frames that follow.
const FIRST_MS = 24; // of drawing before the first sample is shown
const LATER_MS = 110; // in each frame after it: fewer of them, since showing a frame takes time as well

const VERTEX = `#version 300 es
in vec2 place; in float code;
uniform vec2 centre, size; uniform float scale, point, alpha; uniform sampler2D palette;
out vec4 colour;
void main() {
  vec4 ink = texelFetch(palette, ivec2(int(code), 0), 0);
  gl_Position = ink.a == 0.0 ? vec4(2.0, 2.0, 0.0, 1.0) : vec4((place - centre) * scale * 2.0 / size, 0.0, 1.0);
  gl_PointSize = point;
  colour = vec4(ink.rgb, 1.0) * alpha;
}`;
const FRAGMENT = `#version 300 es
precision highp float;
in vec4 colour; uniform float point; out vec4 ink;
void main() {
  if (point < 3.0) { ink = colour; return; }
  float inside = clamp(point * 0.5 - length(gl_PointCoord - 0.5) * point + 0.5, 0.0, 1.0);
  if (inside == 0.0) discard;
  ink = colour * inside;
}`;

class WebglRenderer {
  constructor(canvas, onRestored) {
    this.canvas = canvas;
    this.gl = canvas.getContext("webgl2", { antialias: false, preserveDrawingBuffer: true, alpha: true });
    this.running = 0;
    this.piece = 60000;
    this.lost = false;
    this.build();
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault(); // without this it never comes back
      this.lost = true;
      this.stop();
    });
    canvas.addEventListener("webglcontextrestored", () => {
      this.lost = false;
      this.build();
      onRestored();
    });
  }

  build() {
    const gl = this.gl;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    gl.useProgram(program);
    this.at = (name) => gl.getUniformLocation(program, name);
    this.uniforms = Object.fromEntries(["centre", "size", "scale", "point", "alpha"].map((name) => [name, this.at(name)]));
    this.buffers = { place: gl.createBuffer(), code: gl.createBuffer(), picked: gl.createBuffer() };
    for (const [name, count, kind, isUnit] of [["place", 2, gl.UNSIGNED_SHORT, true], ["code", 1, gl.UNSIGNED_BYTE, false]]) {
      const place = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, count, kind, isUnit, 0, 0);
    }
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.clearColor(0, 0, 0, 0);
  }

  upload(name, array) {
    if (this.lost) return;
    const gl = this.gl;
    const target = name === "picked" ? gl.ELEMENT_ARRAY_BUFFER : gl.ARRAY_BUFFER;
    gl.bindBuffer(target, this.buffers[name]);
    gl.bufferData(target, array, gl.STATIC_DRAW);
  }

  // colours: [r, g, b] a code. hidden: codes that are not drawn.
  setPalette(colours, hidden) {
    if (this.lost) return;
    const texels = new Uint8Array(256 * 4);
    colours.forEach((colour, code) => texels.set([...colour, hidden.has(code) ? 0 : 255], 4 * code));
    this.gl.texImage2D(this.gl.TEXTURE_2D, 0, this.gl.RGBA, 256, 1, 0, this.gl.RGBA, this.gl.UNSIGNED_BYTE, texels);
  }

  stop() {
    cancelAnimationFrame(this.running);
    this.running = 0;
  }

  // Draw the whole of a frame, in pieces; `onDone` when all of it stands.
  draw(view, points, onDone) {
    this.stop();
    if (this.lost || !points.n || points.codes.length < points.n) return;
    const gl = this.gl;
    const ratio = window.devicePixelRatio || 1;
    const { point, alpha, larger, front } = lookOf(view, points);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(this.uniforms.centre, view.x, view.y);
    gl.uniform2f(this.uniforms.size, view.width, view.height);
    gl.uniform1f(this.uniforms.scale, view.scale);
    const picked = points.picked;
    const passes = [[points.n, point, picked ? alpha * FADED : alpha, (from, count) => gl.drawArrays(gl.POINTS, from, count)]];
    if (picked && picked.length) {
      const elements = (from, count) => gl.drawElements(gl.POINTS, count, gl.UNSIGNED_INT, from * 4);
      passes.push([picked.length, larger, front, elements]);
    }
    const pixel = new Uint8Array(4);
    let [pass, from, budget] = [0, 0, FIRST_MS];
    const step = () => {
      if (this.lost) return;
      const started = performance.now();
      while (pass < passes.length && performance.now() - started < budget) {
        const [count, size, opacity, run] = passes[pass];
        gl.uniform1f(this.uniforms.point, size * ratio);
        gl.uniform1f(this.uniforms.alpha, opacity);
        const some = Math.min(this.piece, count - from);
        const before = performance.now();
        run(from, some);
        gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel); // waits for the piece: the next one's size goes by its time
        const took = Math.max(0.2, performance.now() - before);
        if (some === this.piece) this.piece = Math.round(Math.min(4e6, Math.max(2e4, (this.piece * FIRST_MS * 0.6) / took)));
        from += some;
        if (from >= count) [pass, from] = [pass + 1, 0];
      }
      budget = LATER_MS;
      if (pass < passes.length) this.running = requestAnimationFrame(step);
      else onDone();
    };
    step();
  }
}
