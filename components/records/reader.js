// A page of records: drawn as text nodes alone, worked by buttons and by keys. What is asked for shows at once; the server's
// next answer confirms it, or takes it back. A record's words never become markup: no innerHTML anywhere in this file.
const KEYS = [
  ["j", "next record"],
  ["k", "record before"],
  ["p", "pin it and go on to the next"],
  ["d", "drop it and go on to the next"],
  ["c", "clear it (no pin, no drop) and stay"],
  ["u", "undo the last decision"],
  ["f", "unfold its long turns"],
  ["s", "its nearest records, near-duplicates marked"],
  ["m", "read the records like it"],
  ["e", "correct one of its fields"],
  ["?", "this list"],
];
const STATUS = ["", "selected", "pinned", "dropped"];
const [FREE, SELECTED, PINNED, DROPPED] = [0, 1, 2, 3];
const NO_USE = { pin: [PINNED], drop: [DROPPED], clear: [FREE, SELECTED] };
const SAID = { pin: "Pinned", drop: "Dropped", clear: "Cleared", undo: "Undone" };
const ELEMENTS = new Set(
  "p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong s hr br table thead tbody tr th td span div".split(" "),
);
const MATHS = new Set(
  ("math mrow mi mn mo mtext mspace mfrac msqrt mroot msup msub msubsup munder mover munderover mtable mtr mtd mstyle " +
    "mpadded mphantom menclose mmultiscripts mprescripts none").split(" "),
);
const ATTRIBUTES = new Set(
  "class start display mathvariant stretchy fence form columnalign accent lspace rspace linebreak width".split(" "),
);
const FOLDED = 330; // pixels, see reader.css
const GAP = 6; // pixels left free above and below a record that is scrolled to
const held = new WeakMap();
const readers = (document[Symbol.for("winnow.readers")] ??= { all: new Set(), last: null });

export default function (component) {
  const root = component.parentElement.querySelector(".reader");
  let reader = held.get(root);
  if (!reader) {
    reader = new Reader(root);
    held.set(root, reader);
  }
  reader.update(component);
}

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") element.addEventListener("click", value);
    else if (value !== false && value !== null) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function key(letter) {
  return make("kbd", { "aria-hidden": "true" }, letter.toUpperCase());
}

// A tree of as_rendered.py; what is not on the lists becomes its text.
function grown(tree) {
  if (typeof tree === "string") return document.createTextNode(tree);
  const [name, attributes, ...children] = tree;
  const inside = children.map(grown);
  if (!ELEMENTS.has(name) && !MATHS.has(name)) return make("span", {}, ...inside);
  const element = MATHS.has(name)
    ? document.createElementNS("http://www.w3.org/1998/Math/MathML", name)
    : document.createElement(name);
  for (const [given, value] of Object.entries(attributes)) {
    if (ATTRIBUTES.has(given)) element.setAttribute(given, value);
  }
  if (/^(p|h\d|li|td|th|blockquote)$/.test(name)) element.dir = "auto";
  element.append(...inside);
  return element;
}

class Reader {
  constructor(root) {
    this.root = root;
    this.bar = make("div", { class: "bar", role: "toolbar", "aria-label": "Reading" });
    this.list = make("div", { class: "records", role: "feed", "aria-label": "Records" });
    this.foot = make("div", { class: "foot" });
    this.live = make("div", { class: "live", role: "status", "aria-live": "polite" });
    this.help = this.makeHelp();
    root.append(this.bar, this.list, this.foot, this.live, this.help);
    this.cards = new Map(); // row -> {element, drawn}
    this.pending = []; // asked for and not yet confirmed: {n, what, row}
    this.last = 0;
    this.focused = -1; // a row
    this.landing = "first"; // of a new page
    this.listener = (event) => this.onKey(event);
    document.addEventListener("keydown", this.listener, true);
    for (const name of ["pointerdown", "focusin"]) root.addEventListener(name, (event) => this.onTouch(event));
    readers.all.add(this);
  }

  update(component) {
    const before = this.data;
    this.component = component;
    this.data = component.data;
    if (before && before.session !== this.data.session) this.pending = [];
    this.pending = this.pending.filter((each) => each.n > this.data.done);
    const rows = this.data.records.map((record) => record.row);
    const first = this.data.first;
    if (!before || (first !== before.first && rows.includes(first))) this.focused = rows.includes(first) ? first : rows[0];
    if (!rows.includes(this.focused)) {
      const at = before ? before.records.findIndex((record) => record.row === this.focused) : 0;
      const turned = before && before.page !== this.data.page;
      const place = turned ? (this.landing === "last" ? rows.length - 1 : 0) : Math.max(0, Math.min(at, rows.length - 1));
      this.focused = rows[place] ?? -1;
      this.comesToSight = turned;
      this.landing = "first";
    }
    this.comesToSight ||= before !== undefined && before.mode !== this.data.mode;
    this.drawBar();
    this.drawRecords();
    this.drawFoot();
    this.mark();
    if (this.comesToSight) this.scroll();
    this.comesToSight = false;
    const unsaid = this.data.records.some((record) => record.why === null);
    if (unsaid && !this.pending.some((each) => each.what === "why")) setTimeout(() => this.ask("why"));
  }

  // Asking

  ask(what, row = -1, more = {}) {
    this.last = Math.max(Date.now(), this.last + 1, this.data.done + 1);
    this.pending.push({ n: this.last, what, row, ...more });
    this.component.setStateValue("asks", { session: this.data.session, list: this.pending });
  }

  decide(what, row) {
    if (NO_USE[what].includes(this.status(this.record(row)))) {
      this.live.textContent = `Record ${row.toLocaleString("en")} is that already.`;
    } else {
      this.ask(what, row);
      this.live.textContent = `${SAID[what]} record ${row.toLocaleString("en")}.`;
      this.drawStatus(row);
    }
    if (what !== "clear") this.move(1);
  }

  undo() {
    this.ask("undo");
    this.live.textContent = "The last decision is taken back.";
  }

  record(row) {
    return this.data.records.find((record) => record.row === row);
  }

  // What a record is, with what was asked for since.
  status(record) {
    let status = record.status;
    for (const each of this.pending) {
      if (each.row !== record.row) continue;
      if (each.what === "pin") status = PINNED;
      if (each.what === "drop") status = DROPPED;
      if (each.what === "clear") status = record.chosen ? SELECTED : FREE;
    }
    return status;
  }

  // Going about

  move(by) {
    const rows = this.data.records.map((record) => record.row);
    const to = rows.indexOf(this.focused) + by;
    if (to >= 0 && to < rows.length) {
      this.focused = rows[to];
      this.mark();
      this.scroll();
    } else {
      this.turn(this.data.page + Math.sign(by));
    }
  }

  turn(page) {
    if (page < 0 || page >= this.data.pages) {
      this.live.textContent = page < 0 ? "This is the first record." : "This is the last record.";
      return;
    }
    this.landing = page < this.data.page ? "last" : "first";
    this.ask("page", -1, { page });
  }

  mark() {
    for (const [row, card] of this.cards) {
      if (row === this.focused) card.element.setAttribute("aria-current", "true");
      else card.element.removeAttribute("aria-current");
      card.element.tabIndex = row === this.focused ? 0 : -1;
    }
  }

  scroll() {
    const card = this.cards.get(this.focused);
    if (!card) return;
    card.element.focus({ preventScroll: true });
    const box = scrolls(card.element);
    const [at, room] = [card.element.getBoundingClientRect(), box.getBoundingClientRect()];
    const top = room.top + this.bar.offsetHeight + GAP; // the bar stays where it is
    if (at.top < top || at.height > room.bottom - top - GAP) box.scrollTop += at.top - top;
    else if (at.bottom > room.bottom - GAP) box.scrollTop += at.bottom - room.bottom + GAP;
    box.scrollIntoView({ block: "nearest" });
  }

  onTouch(event) {
    readers.last = this;
    const card = event.composedPath().find((element) => element.dataset && element.dataset.row !== undefined);
    if (card && Number(card.dataset.row) !== this.focused) {
      this.focused = Number(card.dataset.row);
      this.mark();
    }
  }

  // Keys go to the reader that was touched last, else to the first one that is seen.
  hasKeys() {
    const seen = [...readers.all].filter((each) => each.isAlive() && each.root.getClientRects().length && each.focused >= 0);
    if (seen.includes(readers.last)) return readers.last === this;
    seen.sort((a, b) => (a.host().compareDocumentPosition(b.host()) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
    return seen[0] === this;
  }

  host() {
    const top = this.root.getRootNode();
    return top.host ?? this.root;
  }

  isAlive() {
    if (this.root.isConnected) return true;
    document.removeEventListener("keydown", this.listener, true);
    readers.all.delete(this);
    if (readers.last === this) readers.last = null;
    return false;
  }

  onKey(event) {
    if (!this.isAlive() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.composedPath()[0];
    if (target instanceof Element && isText(target)) return;
    if (this.help.open || isCovered(this.host()) || !this.hasKeys()) return;
    const row = this.focused;
    const act = {
      j: () => this.move(1),
      k: () => this.move(-1),
      p: () => this.decide("pin", row),
      d: () => this.decide("drop", row),
      c: () => this.decide("clear", row),
      u: () => this.undo(),
      f: () => this.unfold(row),
      s: () => this.data.can.similar && this.ask("similar", row),
      m: () => this.data.can.similar && this.ask("more", row),
      e: () => this.data.can.edit && this.ask("edit", row),
      "?": () => this.help.showModal(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // Streamlit has keys of its own
    if (!event.repeat || "jk".includes(event.key)) act();
  }

  // Drawing

  drawBar() {
    const { mode, can } = this.data;
    const choice = (name, label, help) =>
      make(
        "button",
        {
          type: "button",
          class: "choice",
          "aria-pressed": String(mode === name),
          title: help,
          onclick: () => mode !== name && this.ask("mode", -1, { mode: name }),
        },
        label,
      );
    this.bar.replaceChildren(
      make(
        "span",
        { class: "choices", role: "group", "aria-label": "Show texts" },
        choice("written", "As written", "Markdown, formulas and JSON as the plain text that they are."),
        choice("rendered", "Rendered", "Markdown, formulas and JSON laid out. No HTML is read, nothing is fetched."),
      ),
      make("span", { class: "space" }),
      can.decide
        ? make("button", { type: "button", title: "Take back the last decision", onclick: () => this.undo() }, "Undo", key("u"))
        : null,
      make(
        "button",
        { type: "button", title: "All keys", "aria-haspopup": "dialog", onclick: () => this.help.showModal() },
        "Keys",
        key("?"),
      ),
    );
  }

  drawRecords() {
    const rows = new Set(this.data.records.map((record) => record.row));
    for (const [row, card] of this.cards) {
      if (rows.has(row)) continue;
      card.element.remove();
      this.cards.delete(row);
    }
    const common = JSON.stringify([this.data.mode, this.data.words, this.data.can]);
    let before = null;
    for (const record of this.data.records) {
      const { status, chosen, similar, why, ...content } = record;
      const drawn = common + JSON.stringify(content);
      let card = this.cards.get(record.row);
      if (!card) {
        card = { element: make("article", { class: "record", "data-row": record.row }), drawn: "", open: new Set() };
        this.cards.set(record.row, card);
      }
      const place = before ? before.nextSibling : this.list.firstChild;
      if (place !== card.element) this.list.insertBefore(card.element, place);
      if (card.drawn !== drawn) this.drawCard(card, record);
      card.drawn = drawn;
      if (why !== null) card.why.textContent = why; // what takes long to say comes after the record
      this.drawStatus(record.row);
      this.drawSimilar(card, record);
      before = card.element;
    }
  }

  drawCard(card, record) {
    const name = `record ${record.row.toLocaleString("en")}`;
    card.element.setAttribute("aria-label", name);
    card.state = make("span", { class: "state" });
    card.buttons = make("div", { class: "buttons" });
    card.why = make("p", { class: "why" });
    card.similar = make("div", { class: "similar" });
    const facts = [name, record.quality === null ? "" : `quality ${record.quality.toFixed(2)}`, record.source, record.cluster];
    card.element.replaceChildren(
      make(
        "div",
        { class: "head" },
        make("span", { class: "facts", dir: "auto" }, facts.filter(Boolean).join(" · ")),
        card.state,
        record.edited ? this.editedBadge(record) : null,
      ),
      card.buttons,
      card.why,
      card.similar,
      ...record.turns.map((turn, i) => this.makeTurn(card, record, turn, i)),
    );
  }

  editedBadge(record) {
    return make(
      "button",
      {
        type: "button",
        class: "edited",
        title: record.edited,
        "aria-pressed": String(record.original),
        onclick: () => this.ask("original", record.row),
      },
      record.original ? "the original · show it corrected" : "edited · show the original",
    );
  }

  makeTurn(card, record, turn, i) {
    const body = make("div", { class: "body" });
    for (const block of turn.blocks) {
      if (block.kind === "tree") body.append(grown(block.tree));
      else if (block.kind === "code") {
        body.append(
          make(
            "pre",
            { class: "code", tabindex: 0, "aria-label": block.language ? `code, ${block.language}` : "code" },
            block.language ? make("span", { class: "language" }, block.language) : null,
            make("code", {}, block.text),
          ),
        );
      } else body.append(make("p", { class: "text", dir: "auto" }, block.text));
    }
    markWords(body, this.data.words);
    const element = make("section", { class: `turn ${turn.kind}` }, make("h4", { dir: "auto" }, turn.name), body);
    if (turn.long || turn.more) {
      const open = () => {
        card.open.add(i);
        if (turn.more) this.ask("whole", record.row);
        element.classList.remove("folded");
      };
      if (turn.long && !card.open.has(i)) element.classList.add("folded");
      const words = `Show all ${turn.n.toLocaleString("en")} characters`;
      element.append(make("button", { type: "button", class: "unfold", onclick: open }, words, key("f")));
      if (turn.more && card.open.has(i)) element.classList.add("cut");
      requestAnimationFrame(() => {
        const found = body.querySelector("mark");
        if (found && found.offsetTop > FOLDED - 30) element.classList.remove("folded");
      });
    }
    return element;
  }

  unfold(row) {
    const card = this.cards.get(row);
    if (!card) return;
    const folded = card.element.querySelectorAll(".turn.folded > .unfold, .turn.cut > .unfold");
    for (const button of folded) button.click();
  }

  drawStatus(row) {
    const card = this.cards.get(row);
    const record = this.record(row);
    const status = this.status(record);
    card.element.dataset.status = STATUS[status] || "free";
    card.state.textContent = STATUS[status];
    card.state.className = `state ${STATUS[status]}`;
    if (card.buttonsFor === `${status} ${card.drawn}` && card.buttons.childElementCount) return;
    card.buttonsFor = `${status} ${card.drawn}`;
    const { can } = this.data;
    const button = (what, label, letter, act) =>
      make(
        "button",
        {
          type: "button",
          class: `do-${what}`,
          "aria-keyshortcuts": letter,
          disabled: (NO_USE[what] ?? []).includes(status),
          onclick: act,
        },
        label,
        key(letter),
      );
    card.buttons.replaceChildren(
      ...[
        can.decide && button("pin", "Pin", "p", () => this.decide("pin", row)),
        can.decide && button("drop", "Drop", "d", () => this.decide("drop", row)),
        can.decide && button("clear", "Clear", "c", () => this.decide("clear", row)),
        can.similar && button("similar", "Similar", "s", () => this.ask("similar", row)),
        can.edit && button("edit", "Edit", "e", () => this.ask("edit", row)),
      ].filter(Boolean),
    );
  }

  drawSimilar(card, record) {
    if (card.similarFor === JSON.stringify(record.similar)) return;
    card.similarFor = JSON.stringify(record.similar);
    if (!record.similar) {
      card.similar.replaceChildren();
      return;
    }
    const { items, summary } = record.similar;
    card.similar.replaceChildren(
      make("h4", {}, summary),
      make("button", { type: "button", onclick: () => this.ask("more", record.row) }, "Read more like this", key("m")),
      make(
        "ul",
        {},
        ...items.map((item) =>
          make(
            "li",
            {},
            make(
              "button",
              { type: "button", class: "item", onclick: () => this.ask("open", record.row, { to: item.row }) },
              make("span", { class: "cosine" }, item.cosine.toFixed(3)),
              make("span", { class: "begins", dir: "auto" }, item.text),
              STATUS[item.status] ? make("span", { class: `state ${STATUS[item.status]}` }, STATUS[item.status]) : null,
              item.near ? make("span", { class: "near" }, "near-duplicate") : null,
            ),
          ),
        ),
      ),
    );
  }

  drawFoot() {
    const { page, pages, from, total, records } = this.data;
    if (pages < 2) {
      this.foot.replaceChildren();
      return;
    }
    const shown = `${(from + 1).toLocaleString("en")} to ${(from + records.length).toLocaleString("en")} of ${total.toLocaleString("en")}`;
    const button = (label, to, letter) =>
      make("button", { type: "button", disabled: to < 0 || to >= pages, onclick: () => this.turn(to) }, label, key(letter));
    this.foot.replaceChildren(button("Before", page - 1, "k"), make("span", {}, shown), button("Next", page + 1, "j"));
  }

  makeHelp() {
    const help = make("dialog", { "aria-label": "Keys of the reader" });
    help.append(
      make("h3", {}, "Keys"),
      make("dl", {}, ...KEYS.flatMap(([letter, words]) => [make("dt", {}, make("kbd", {}, letter)), make("dd", {}, words)])),
      make("p", {}, "They work wherever the page has the focus but in a text field. Pinning and dropping go on by themselves, "
        + "so that a page can be read with one hand; clearing stays, since it corrects."),
      make("button", { type: "button", onclick: () => help.close() }, "Close"),
    );
    help.addEventListener("click", (event) => event.target === help && help.close());
    help.addEventListener("keydown", (event) => {
      if (event.key === "?") {
        event.preventDefault();
        help.close();
      }
      event.stopPropagation();
    });
    return help;
  }
}

// The nearest element around that scrolls, out of the shadow too.
function scrolls(element) {
  for (let around = element; around; around = around.parentNode ?? around.host) {
    if (!(around instanceof Element) || around.scrollHeight <= around.clientHeight) continue;
    if (/auto|scroll/.test(getComputedStyle(around).overflowY) && around !== element) return around;
  }
  return document.scrollingElement;
}

// Whether what is typed there is text, or steers what has its own keys.
function isText(element) {
  if (element.isContentEditable || element.closest("[role=textbox], [role=combobox], [role=listbox], [role=menu]")) return true;
  if (element.tagName === "TEXTAREA" || element.tagName === "SELECT") return true;
  const typed = !["checkbox", "radio", "button", "submit", "range", "color", "file"].includes(element.type);
  return element.tagName === "INPUT" && typed;
}

// Whether a dialog lies over the reader.
function isCovered(host) {
  return [...document.querySelectorAll("[role=dialog], dialog[open]")].some(
    (dialog) => dialog.getClientRects().length && !dialog.contains(host),
  );
}

// Words are marked whole, so that "art" is not found in "party", and with any ending where they end in *; inside of longer words
// where nothing else is there, and in scripts that part no words.
function markWords(body, words) {
  const wanted = words.map((word) => [word.replace(/\*$/, ""), word.endsWith("*")]).filter(([word]) => word.trim());
  if (!wanted.length) return;
  wanted.sort((a, b) => b[0].length - a[0].length);
  const plain = (word) => word.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "[\\s\\p{P}]+");
  const whole = wanted.map(([word, begins]) => {
    if (!/^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\d]/u.test(word)) return plain(word);
    return `(?<![\\p{L}\\p{N}])${plain(word)}${begins ? "" : "(?![\\p{L}\\p{N}])"}`;
  });
  if (!markBy(body, new RegExp(whole.join("|"), "giu"))) {
    markBy(body, new RegExp(wanted.map(([word]) => plain(word)).join("|"), "giu"));
  }
}

function markBy(body, pattern) {
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest("math")) nodes.push(walker.currentNode);
  let count = 0;
  for (const node of nodes) {
    const text = node.data;
    const parts = [];
    let at = 0;
    for (const found of text.matchAll(pattern)) {
      if (!found[0]) continue;
      parts.push(text.slice(at, found.index), make("mark", {}, found[0]));
      at = found.index + found[0].length;
      if (++count > 2000) break;
    }
    if (parts.length) node.replaceWith(...parts, text.slice(at));
  }
  return count;
}
