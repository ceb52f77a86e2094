// The points drawn by WebGL2. A frame may take longer than the eye waits (a million points without a graphics card), so it
// is drawn in pieces: a fair sample at once, the rest in the frames that follow.
const FIRST_MS = 24; // of drawing before the first sample is shown
const LATER_MS = 110; // in each frame after it: fewer of them, since showing a frame takes time as well

const VERTEX = `#version 300 es
in vec2 place; in float code;
uniform vec2 centre, size; uniform float scale, point, alpha; uniform sampler2D palette;
uniform int row, left; // row: of the palette, its colours or those they fade to. left: the kind of code that is left out
out vec4 colour;
void main() {
  vec4 ink = texelFetch(palette, ivec2(int(code), row), 0);
  int kind = int(ink.a * 2.0 + 0.5); // 0 hidden, 1 the rest, 2 the others
  gl_Position = kind == 0 || kind == left ? vec4(2.0, 2.0, 0.0, 1.0) : vec4((place - centre) * scale * 2.0 / size, 0.0, 1.0);
  gl_PointSize = point;
  colour = vec4(ink.rgb, 1.0) * alpha;
}`;
const FRAGMENT = `#version 300 es
precision highp float;
in vec4 colour; uniform float point, rim, alpha; uniform vec3 edging; out vec4 ink;
void main() {
  if (point < 3.0) { ink = colour; return; }
  float away = length(gl_PointCoord - 0.5) * point;
  float inside = clamp(point * 0.5 - away + 0.5, 0.0, 1.0);
  if (inside == 0.0) discard;
  float edge = rim == 0.0 ? 0.0 : clamp(away - (point * 0.5 - rim) + 0.5, 0.0, 1.0);
  ink = mix(colour, vec4(edging, 1.0) * alpha, edge) * inside;
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
    const names = ["centre", "size", "scale", "point", "alpha", "row", "left", "rim", "edging"];
    this.uniforms = Object.fromEntries(names.map((name) => [name, this.at(name)]));
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

  // header: of the colours' layer. hidden: codes that are not drawn. ink: the page's colours.
  setPalette(header, hidden, ink) {
    if (this.lost) return;
    this.ink = ink;
    const { gl } = this;
    const texels = new Uint8Array(2 * 256 * 4);
    const kind = (code) => (hidden.has(code) ? 0 : header.rest.includes(code) ? 128 : 255);
    [header.colours, header.faded].forEach((colours, row) => {
      colours.forEach((colour, code) => texels.set([...colour, kind(code)], 4 * (256 * row + code)));
    });
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 2, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
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
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(this.uniforms.centre, view.x, view.y);
    gl.uniform2f(this.uniforms.size, view.width, view.height);
    gl.uniform1f(this.uniforms.scale, view.scale);
    const passes = passesOf(view, points);
    const pixel = new Uint8Array(4);
    let [pass, from, budget] = [0, 0, FIRST_MS];
    const step = () => {
      if (this.lost) return;
      const started = performance.now();
      while (pass < passes.length && performance.now() - started < budget) {
        const { which, size, alpha, faded, rim } = passes[pass];
        const count = which === "picked" ? points.picked.length : points.n;
        gl.uniform1f(this.uniforms.point, size * ratio);
        gl.uniform1f(this.uniforms.alpha, alpha);
        gl.uniform1f(this.uniforms.rim, rimOf(passes[pass]) * ratio);
        gl.uniform3f(this.uniforms.edging, ...rgbOf(this.ink[rim]).map((part) => part / 255));
        gl.uniform1i(this.uniforms.row, faded ? 1 : 0);
        gl.uniform1i(this.uniforms.left, { rest: 2, others: 1 }[which] || 3);
        const some = Math.min(this.piece, count - from);
        const before = performance.now();
        if (which === "picked") gl.drawElements(gl.POINTS, some, gl.UNSIGNED_INT, from * 4);
        else gl.drawArrays(gl.POINTS, from, some);
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
