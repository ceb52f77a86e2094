// How large and how opaque points are: more of both the fewer there are and the nearer one looks. Sizes in CSS pixels.
const RIM_PX = { ground: 0.75, text: 1.4 }; // around a large point: of the ground, so that two that touch are two; of a picked one
const RIM_FROM_PX = 5; // points below this size have none
const MOST_ABOVE = 30000; // of a colouring's points that lie over its rest: more would hide it, and how large a part they are
const USUAL_AREA = 900 * 640; // of a map whose points have the sizes below

// What is drawn, one thing over the other: {which: "all", "rest", "others" or "picked", size, alpha, faded, rim: its ink}.
// Where records are picked, all points fade to a grey of one contrast and the picked ones lie over them; else what nothing is
// said of (a colouring's rest) lies below the others.
function passesOf(view, points) {
  const zoom = Math.sqrt(Math.max(1, view.zoom));
  const area = Math.min(1.3, Math.max(0.9, Math.sqrt((view.width * view.height) / USUAL_AREA)));
  const size = (n, most) => Math.max(1.15, Math.min(most, 2.6 * Math.sqrt(60000 / Math.max(n, 1)))) * area;
  const point = Math.min(12, size(points.n, 7.5) * zoom);
  const alpha = Math.min(0.95, (0.36 + 0.5 * Math.min(1, Math.sqrt(60000 / points.n))) * zoom);
  const front = (n) => Math.min(14, Math.max(point * 1.35, Math.min(9, 2.6 * Math.sqrt(20000 / Math.max(n, 1))) * area * zoom));
  if (points.picked) {
    const under = { which: "all", size: point, alpha: Math.min(1, alpha * 1.15), faded: true, rim: "ground" };
    const over = { which: "picked", size: front(points.picked.length), alpha: 1, faded: false, rim: "text" };
    return points.picked.length ? [under, over] : [under];
  }
  const others = points.nRest ? points.n - points.nRest : 0;
  if (!others || others > MOST_ABOVE) return [{ which: "all", size: point, alpha, faded: false, rim: "ground" }];
  const above = Math.min(front(others), point * 2);
  return [
    { which: "rest", size: point, alpha, faded: false, rim: "ground" },
    { which: "others", size: above, alpha: Math.min(1, alpha * 1.2), faded: false, rim: "ground" },
  ];
}

const rimOf = (pass) => (pass.size >= RIM_FROM_PX ? RIM_PX[pass.rim] : 0);

// "#rrggbb", "#rgb" or "rgb(r, g, b)" as [r, g, b].
function rgbOf(colour) {
  if (!colour.startsWith("#")) return (colour.match(/[\d.]+/g) || [0, 0, 0]).slice(0, 3).map(Number);
  const digits = colour.length < 7 ? [...colour.slice(1, 4)].map((digit) => digit + digit) : colour.slice(1).match(/../g);
  return digits.slice(0, 3).map((pair) => parseInt(pair, 16));
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
