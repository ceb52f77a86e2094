// What is picked holds: a bar of statuses, short lists of sources and clusters, spreads of numbers. Each part narrows the pick.
// Texts are set as text, never as markup.
const held = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector(".holding");
  const drawn = JSON.stringify(component.data);
  held.set(root, component);
  if (root.dataset.drawn === drawn) return;
  root.dataset.drawn = drawn;
  const narrow = (column, value) => held.get(root).setTriggerValue("narrow", { column, value });
  const { total, states, lists, spreads } = component.data;
  root.replaceChildren(
    statesOf(states, total, narrow),
    ...lists.map((each) => listOf(each, narrow)),
    make("div", { class: "spreads" }, ...spreads.map((each) => spreadOf(each, narrow))),
  );
}

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") element.addEventListener("click", value);
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

const counted = (n) => n.toLocaleString("en");
const percent = (share) => (share >= 0.0995 || share === 0 ? `${Math.round(share * 100)} %` : `${(share * 100).toFixed(1)} %`);

function statesOf(states, total, narrow) {
  const bar = make("div", { class: "bar", "aria-hidden": "true" });
  const words = make("div", { class: "states" });
  for (const { name, code, n, value } of states) {
    if (!n) continue;
    const piece = make("span", { class: `s${code}` });
    piece.style.flexGrow = String(n / total);
    bar.append(piece);
    const only = n < total;
    const said = [make("span", { class: `dot s${code}`, "aria-hidden": "true" }), `${counted(n)} ${name}`];
    words.append(
      only
        ? make("button", { type: "button", title: `Keep only these ${counted(n)}`, onclick: () => narrow("state", value) }, ...said)
        : make("span", { class: "plain" }, ...said),
    );
  }
  return make("section", { class: "wide" }, bar, words);
}

function listOf({ title, column, there, parts }, narrow) {
  const most = Math.max(...parts.map((part) => Math.max(part.share, part.of_all)));
  const lines = parts.map((part) => {
    const bar = make("span", { class: "share", "aria-hidden": "true" });
    bar.style.setProperty("--share", String(part.share / most));
    bar.style.setProperty("--all", String(part.of_all / most));
    const said = `${part.name}: ${counted(part.n)}, ${percent(part.share)} of these, ${percent(part.of_all)} of all. Keep only these.`;
    return make(
      "button",
      { type: "button", class: "part", title: said, "aria-label": said, onclick: () => narrow(column, part.value) },
      make("span", { class: "name", dir: "auto" }, part.name),
      make("span", { class: "n" }, percent(part.share)),
      bar,
    );
  });
  const more = there - parts.length;
  return make(
    "section",
    {},
    make("h2", {}, `${counted(there)} ${there === 1 ? title.toLowerCase().replace(/s$/, "") : title.toLowerCase()}`),
    ...lines,
    more > 0 ? make("p", { class: "more" }, `and ${counted(more)} more`) : "",
  );
}

function spreadOf({ title, column, edges, shares, counts, of_all, middle, whole }, narrow) {
  const most = Math.max(...shares, ...of_all, 1e-9);
  const number = (value) => (whole || Math.abs(value) >= 100 ? counted(Math.round(value)) : value.toPrecision(2));
  const bars = shares.map((share, i) => {
    const last = i === shares.length - 1;
    const span = `${number(edges[i])} to ${number(edges[i + 1])}`;
    const bar = make("button", {
      type: "button",
      class: "bin",
      title: `${title.toLowerCase()} ${span}: ${counted(counts[i])}. Keep only these.`,
      "aria-label": `${title} ${span}: ${counted(counts[i])} records. Keep only these.`,
      tabindex: i === counts.indexOf(Math.max(...counts)) ? "0" : "-1", // one stop for Tab; arrows go on
      onclick: () => counts[i] && narrow(column, `${low(edges[i])}..${high(edges[i + 1], last, whole)}`),
    });
    bar.style.setProperty("--share", String(share / most));
    bar.style.setProperty("--all", String(of_all[i] / most));
    return bar;
  });
  return make(
    "section",
    {},
    make("h2", {}, title, make("span", { class: "middle" }, Number.isFinite(middle) ? `median ${number(middle)}` : "")),
    arrowed(make("div", { class: "bins", role: "group", "aria-label": title }, ...bars)),
    make("div", { class: "ends", "aria-hidden": "true" }, make("span", {}, number(edges[0])), make("span", {}, number(edges.at(-1)))),
  );
}

function arrowed(group) {
  group.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const to = by && [...group.children].at(([...group.children].indexOf(event.target) + by) % group.children.length);
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    to.focus();
  });
  return group;
}

const low = (edge) => String(edge);
// A bin ends before the next one begins, the last one at its end.
function high(edge, last, whole) {
  if (last) return String(edge);
  return String(whole ? Math.ceil(edge) - 1 : edge - Math.abs(edge) * 1e-9 - 1e-12);
}
