// Over a Plotly map: where the pointer rests and where it clicks, in the map's own numbers; and what the answer says, beside it.
// Plotly knows a sample of the points only, so it is asked for the scale of its axes and for nothing else.
const REST_MS = 90; // a pointer that moves on is not asked for
const STILL_PX = 4; // a press that never went farther before its release is a click; a line ends where it began, too
const held = new WeakMap();

export default function (component) {
  const tip = component.parentElement.querySelector(".tip");
  let pointer = held.get(tip);
  if (!pointer) {
    pointer = watch(tip);
    held.set(tip, pointer);
  }
  pointer.component = component;
  pointer.show();
}

function watch(tip) {
  const pointer = { component: null, show };
  let timer = 0;
  let pressed = null;
  let asked = null; // {n, at}: the question that waits for its answer, or whose answer is shown

  // Where an event is on the map, or null where it is beside it or on a button of it.
  function place(event) {
    const chart = document.querySelector(`.st-key-${pointer.component.data.chart} .js-plotly-plot`);
    const area = chart && chart.querySelector(".nsewdrag");
    if (!area || !chart._fullLayout) return null;
    const box = area.getBoundingClientRect();
    const across = event.clientX - box.left;
    const down = event.clientY - box.top;
    if (across < 0 || down < 0 || across > box.width || down > box.height) return null;
    const { xaxis, yaxis } = chart._fullLayout;
    const per = (axis) => axis._length / Math.abs(axis.range[1] - axis.range[0]);
    return { x: xaxis.p2d(across), y: yaxis.p2d(down), per_x: per(xaxis), per_y: per(yaxis) };
  }

  function onMap(event) {
    const over = event.target instanceof Element && event.target.closest(`.st-key-${pointer.component.data.chart}`);
    return over && !event.target.closest(".modebar, .legend") ? place(event) : null;
  }

  function hide() {
    clearTimeout(timer);
    asked = null;
    tip.hidden = true;
  }

  function move(event) {
    if (!alive()) return;
    if (pressed && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) >= STILL_PX) pressed = null;
    const far = asked && Math.hypot(event.clientX - asked.at.x, event.clientY - asked.at.y) >= STILL_PX;
    const where = event.buttons ? null : onMap(event);
    if (!where || far) hide();
    if (!where || asked) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      asked = { n: Date.now(), at: { x: event.clientX, y: event.clientY } };
      pointer.component.setStateValue("hover", { n: asked.n, ...where });
    }, REST_MS);
  }

  function press(event) {
    if (!alive()) return;
    hide();
    pressed = event.button === 0 && onMap(event) ? { x: event.clientX, y: event.clientY } : null;
  }

  function release(event) {
    if (!alive() || !pressed) return;
    const where = place(event); // what lies under the pointer by now may be Plotly's own cover
    pressed = null;
    if (where && pointer.component.data.clicks) pointer.component.setTriggerValue("click", where);
  }

  function show() {
    const answer = pointer.component.data.answer;
    if (!asked || !answer || answer.n !== asked.n || !answer.lines.length) {
      tip.hidden = true;
      return;
    }
    tip.replaceChildren(
      ...answer.lines.map((line) => {
        const row = document.createElement("div");
        row.textContent = line; // a record's own words: text, never markup
        return row;
      }),
    );
    tip.hidden = false;
    const left = asked.at.x + 14 + tip.offsetWidth > innerWidth ? asked.at.x - 14 - tip.offsetWidth : asked.at.x + 14;
    const top = asked.at.y + 14 + tip.offsetHeight > innerHeight ? asked.at.y - 14 - tip.offsetHeight : asked.at.y + 14;
    tip.style.transform = `translate(${left}px, ${top}px)`;
  }

  const listeners = [["pointermove", move], ["pointerdown", press], ["pointerup", release], ["wheel", hide], ["scroll", hide]];
  for (const [name, listener] of listeners) document.addEventListener(name, listener, { capture: true, passive: true });

  function alive() {
    if (tip.isConnected) return true;
    for (const [name, listener] of listeners) document.removeEventListener(name, listener, { capture: true });
    return false;
  }

  return pointer;
}
