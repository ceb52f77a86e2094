// How large and how opaque points are: more of both the fewer there are and the nearer one looks. Sizes in CSS pixels.
const FADED = 0.2; // of a point's opacity, where others are picked

// point, alpha: of every point; larger, front: size and opacity of those that are picked.
function lookOf(view, points) {
  const zoom = Math.max(1, view.zoom);
  const few = Math.min(1, Math.sqrt(60000 / points.n));
  const base = Math.max(1.15, Math.min(6.5, 2.3 * Math.sqrt(60000 / points.n)));
  const point = Math.min(9, base * Math.sqrt(zoom));
  const alpha = Math.min(0.92, (0.3 + 0.5 * few) * Math.sqrt(zoom));
  const larger = points.picked ? Math.max(point, Math.min(5, 2.3 * Math.sqrt(20000 / points.picked.length))) : point;
  return { point, alpha, larger, front: Math.min(0.95, alpha * 2) };
}

// "webgl2" where a graphics card draws; "pixels" where WebGL2 is missing or is itself drawn by the processor, which takes
// ten times as long as drawing points there directly. What the browser's storage says comes first.
function rendererOf() {
  const asked = localStorage.getItem("winnow-renderer");
  if (asked === "pixels") return "pixels";
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return "pixels";
  const facts = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(facts ? facts.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return asked === "webgl2" || !/swiftshader|llvmpipe|software|basic render/i.test(name) ? "webgl2" : "pixels";
}
