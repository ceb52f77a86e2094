// The reader: a list of records and the dialog to read them in, worked by buttons and by keys. What is asked for shows at once;
// the server's next answer confirms it, or takes it back.
const KEYS = [
  ["Enter", "read it"],
  ["j", "next record"],
  ["k", "record before"],
  ["p", "pin it and go on to the next"],
  ["d", "drop it and go on to the next"],
  ["c", "clear it (no pin, no drop) and stay"],
  ["n", "write a note on the next decision"],
  ["u", "undo the last decision"],
  ["f", "unfold its long turns"],
  ["s", "its nearest records, near-duplicates marked"],
  ["m", "read the records like it"],
  ["e", "correct one of its fields"],
  ["?", "this list"],
];
const SAID = { pin: "Pinned", drop: "Dropped", clear: "Cleared" };
const HOLD_MS = 1500; // for which asks wait, at most, for the page to be still
const POLL_MS = 20;
const LEFT_MS = 3000; // within which a reader that was taken off the page and put back goes on
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
  return () => reader.leavePage();
}

class Reader {
  constructor(root) {
    this.root = root;
    this.bar = make("div", { class: "bar", role: "toolbar", "aria-label": "Records" });
    this.rows = new Rows(this);
    this.sheet = new Sheet(this);
    this.foot = make("div", { class: "foot" });
    this.live = make("div", { class: "live", role: "status", "aria-live": "polite" });
    this.help = makeHelp();
    const top = make("div", { class: "top" }, this.bar, this.rows.head);
    root.append(top, this.rows.list, this.foot, this.live, this.sheet.dialog, this.help);
    this.top = top;
    this.pending = []; // asked for and not yet confirmed: {n, what, row}
    this.last = 0;
    this.focused = -1; // a row
    this.reading = false; // whether the dialog is up, or waits for another one
    this.opened = 0; // the last wish of the server's to open a record
    this.landing = "first"; // of a new page
    this.missed = []; // keys pressed while it was off the page
    this.sent = 0; // the last ask that was sent, and when
    this.sentAt = 0;
    this.leftAt = 0; // when it was taken off the page
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
    const turned = this.follow(before);
    if (!before) this.takeOver();
    this.drawBar();
    this.rows.draw(this.data.records, this.data.words);
    this.drawFoot();
    this.rows.mark(this.focused);
    if (!before || turned) this.toTop(turned);
    if (this.data.open && this.data.open !== this.opened) {
      this.opened = this.data.open;
      this.read(this.focused);
    } else if (this.reading) this.showSheet(turned);
    this.askWhy();
    for (const name of this.missed.splice(0)) this.actOf(name, null)?.();
  }

  // Streamlit takes a component off the page and puts it back where a run begins before the browser has dealt with the end of the
  // last one, as when somebody else decides: go on where that one was.
  takeOver() {
    const left = [...readers.all, readers.left].find(
      (each) => each && each !== this && !each.root.isConnected && each.data && each.data.session === this.data.session,
    );
    if (!left) return;
    left.forget();
    if (left.isLong()) return;
    this.pending = left.pending.filter((each) => each.n > this.data.done);
    for (const name of ["last", "opened", "missed", "sent", "sentAt"]) this[name] = left[name];
    if (this.record(left.focused)) [this.focused, this.reading] = [left.focused, left.reading];
    if (readers.last === left) readers.last = this;
    if (this.pending.length) this.send();
  }

  leavePage() {
    this.leftAt = performance.now();
    readers.left = this;
  }

  isLong() {
    return this.leftAt > 0 && performance.now() - this.leftAt > LEFT_MS;
  }

  // What takes long to say comes after the record.
  askWhy() {
    const view = this.reading && this.view(this.focused);
    if (!view || view.why !== null || this.pending.some((each) => each.what === "why" || each.what === "read")) return;
    setTimeout(() => this.ask("why", this.focused));
  }

  // Keep the record in mind that was in mind; return whether another page has come.
  follow(before) {
    const rows = this.data.records.map((record) => record.row);
    const first = this.data.first;
    if (!before || (first !== before.first && rows.includes(first))) this.focused = rows.includes(first) ? first : rows[0] ?? -1;
    const turned = before !== undefined && before.page !== this.data.page;
    if (!rows.includes(this.focused)) {
      const at = before ? before.records.findIndex((record) => record.row === this.focused) : 0;
      const place = turned ? (this.landing === "last" ? rows.length - 1 : 0) : Math.max(0, Math.min(at, rows.length - 1));
      this.focused = rows[place] ?? -1;
      this.landing = "first";
    }
    return turned;
  }

  showSheet(turned) {
    if (this.data.editing) return this.sheet.suspend();
    const record = this.record(this.focused);
    if (!record) return this.sheet.dialog.close();
    this.drawSheet();
    this.sheet.show();
    if (turned || !this.view(this.focused)) this.askToRead();
  }

  drawSheet() {
    const { from, total, records } = this.data;
    const at = records.findIndex((record) => record.row === this.focused);
    const place = `${counted(from + at + 1)} of ${counted(total)}`;
    this.sheet.draw(records[at], this.view(this.focused), place, this.data);
    this.sheet.before.disabled = from + at === 0;
    this.sheet.next.disabled = from + at + 1 >= total;
  }

  view(row) {
    return this.data.views[row];
  }

  // Asking

  ask(what, row = -1, more = {}) {
    this.last = Math.max(Date.now(), this.last + 1, this.data.done + 1);
    this.pending.push({ n: this.last, what, row, ...more });
    this.send();
  }

  // All that is pending, once the page is still: one run for many keys, and none on the heels of another (see takeOver).
  send() {
    if (this.waits) return;
    const since = performance.now();
    const go = () => {
      const now = performance.now();
      const isBusy = isRunning() || (this.sent > this.data.done && now - this.sentAt < HOLD_MS);
      if (isBusy && now - since < HOLD_MS) return void (this.waits = setTimeout(go, POLL_MS));
      this.waits = 0;
      if (!this.pending.length) return;
      [this.sent, this.sentAt] = [this.last, now];
      this.component.setStateValue("asks", { session: this.data.session, list: this.pending });
    };
    go();
  }

  askToRead() {
    if (this.pending.some((each) => each.what === "read" && each.row === this.focused)) return;
    this.pending = this.pending.filter((each) => each.what !== "read"); // read over
    this.ask("read", this.focused);
  }

  decide(what, row) {
    const note = this.sheet.takeNote();
    if (NO_USE[what].includes(this.status(this.record(row)))) {
      this.say(`Record ${counted(row)} is that already.`);
    } else {
      this.ask(what, row, note ? { note } : {});
      this.say(`${SAID[what]} record ${counted(row)}${note ? ", with a note" : ""}.`);
      this.drawStatus(row);
    }
    if (what !== "clear") this.move(1);
  }

  undo() {
    this.ask("undo");
    this.say("The last decision is taken back.");
  }

  // What is asked for leads to another page, where nothing is read at first.
  leave(what, row, more = {}) {
    this.ask(what, row, more);
    this.reading = false;
  }

  say(words) {
    this.live.textContent = words;
    this.sheet.say(words);
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

  drawStatus(row) {
    this.rows.drawStatus(this.record(row));
    if (this.reading && row === this.focused) this.sheet.drawStatus(this.record(row));
  }

  // Going about

  read(row) {
    if (!this.record(row)) return;
    this.focused = row;
    this.reading = true;
    this.rows.mark(row);
    this.drawSheet();
    this.sheet.show();
    this.askToRead();
  }

  closed() {
    this.reading = false;
    this.rows.mark(this.focused);
    this.scroll();
  }

  move(by) {
    const rows = this.data.records.map((record) => record.row);
    const to = rows.indexOf(this.focused) + by;
    if (to < 0 || to >= rows.length) return this.turn(this.data.page + Math.sign(by));
    this.focused = rows[to];
    this.rows.mark(this.focused);
    if (this.reading) {
      this.drawSheet();
      this.askToRead();
    } else this.scroll();
  }

  turn(page) {
    if (page < 0 || page >= this.data.pages) return this.say(page < 0 ? "This is the first record." : "This is the last record.");
    this.landing = page < this.data.page ? "last" : "first";
    this.ask("page", -1, { page });
  }

  // What is new is read from its top, where it has a place of its own to scroll in; another page from the top of the list, or at
  // its foot where one came back to it.
  toTop(turned) {
    const box = scrolls(this.root);
    if (box !== document.scrollingElement && box.dataset.testid !== "stMain") {
      box.scrollTop = turned ? box.scrollTop + this.top.parentElement.getBoundingClientRect().top - box.getBoundingClientRect().top : 0;
    }
    if (turned && !this.reading) this.scroll();
  }

  scroll() {
    const button = this.rows.button(this.focused);
    if (!button) return;
    button.focus({ preventScroll: true });
    const line = button.closest(".row");
    const box = scrolls(line);
    const [at, room] = [line.getBoundingClientRect(), box.getBoundingClientRect()];
    const top = Math.max(room.top, 0) + this.top.offsetHeight + GAP; // the head stays where it is
    const foot = Math.min(room.bottom, window.innerHeight) - GAP;
    if (at.top < top) box.scrollTop += at.top - top;
    else if (at.bottom > foot) box.scrollTop += at.bottom - foot;
  }

  onTouch(event) {
    readers.last = this;
    if (this.reading) return; // no hand: a dialog that closes gives the focus back to where it was opened
    const line = event.composedPath().find((element) => element.classList && element.classList.contains("row"));
    if (line && Number(line.dataset.row) !== this.focused) {
      this.focused = Number(line.dataset.row);
      this.rows.mark(this.focused);
    }
  }

  // Keys go to the reader whose dialog is up, else to the one that was touched last, else to the first one that is seen.
  hasKeys() {
    const seen = [...readers.all].filter((each) => each.isAlive() && each.root.getClientRects().length && each.focused >= 0);
    const reading = seen.find((each) => each.sheet.dialog.open);
    if (reading) return reading === this;
    if (seen.includes(readers.last)) return readers.last === this;
    seen.sort((a, b) => (a.host().compareDocumentPosition(b.host()) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
    return seen[0] === this;
  }

  host() {
    return this.root.getRootNode().host ?? this.root;
  }

  isAlive() {
    if (this.root.isConnected) return true;
    this.forget();
    readers.left = this;
    return false;
  }

  forget() {
    document.removeEventListener("keydown", this.listener, true);
    readers.all.delete(this);
    if (readers.left === this) readers.left = null;
  }

  onKey(event) {
    const isGone = !this.root.isConnected && !this.isLong() && (readers.last ?? this) === this;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.composedPath()[0];
    if (target instanceof Element && isText(target)) return;
    if (isGone && "jkpdcu".includes(event.key)) return void this.missed.push(event.key);
    if (!this.isAlive()) return;
    if (this.help.open || isCovered(this.host()) || !this.hasKeys()) return;
    const act = this.actOf(event.key, target);
    if (!act) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // Streamlit has keys of its own
    if (!event.repeat || "jk".includes(event.key)) act();
  }

  actOf(name, target) {
    const row = this.focused;
    const inDialog = (act) => () => {
      if (!this.reading) this.read(row);
      act();
    };
    const { can } = this.data;
    return {
      Enter: this.reading || (target instanceof Element && target.closest("button, a, summary, canvas")) ? null : () => this.read(row),
      j: () => this.move(1),
      k: () => this.move(-1),
      p: () => this.decide("pin", row),
      d: () => this.decide("drop", row),
      c: () => this.decide("clear", row),
      n: inDialog(() => this.sheet.note.focus()),
      u: () => this.undo(),
      f: inDialog(() => this.sheet.unfold()),
      s: can.similar && inDialog(() => this.ask("similar", row)),
      m: can.similar && (() => this.leave("more", row)),
      e: can.edit && inDialog(() => this.ask("edit", row)),
      "?": () => this.help.showModal(),
    }[name];
  }

  // Drawing

  drawBar() {
    const { order, orders, can } = this.data;
    const drawn = JSON.stringify([order, orders, can]);
    if (drawn === this.barDrawn) return;
    this.barDrawn = drawn;
    const select = make(
      "select",
      { "aria-label": "Order" },
      ...orders.map((each) => make("option", { value: each, selected: each === order }, each)),
    );
    select.addEventListener("change", () => this.ask("order", -1, { order: select.value }));
    this.bar.replaceChildren(
      orders.length > 1 ? select : "",
      make("span", { class: "space" }),
      make("button", { type: "button", title: "Take back the last decision", onclick: () => this.undo() }, "Undo", key("u")),
      make("button", { type: "button", title: "All keys", "aria-haspopup": "dialog", onclick: () => this.help.showModal() }, "Keys", key("?")),
    );
  }

  drawFoot() {
    const { page, pages, from, total, records } = this.data;
    if (pages < 2) return this.foot.replaceChildren();
    const shown = `${counted(from + 1)} to ${counted(from + records.length)} of ${counted(total)}`;
    const button = (label, to) =>
      make("button", { type: "button", disabled: to < 0 || to >= pages, onclick: () => this.turn(to) }, label);
    this.foot.replaceChildren(button("Previous page", page - 1), make("span", {}, shown), button("Next page", page + 1));
  }
}

function isRunning() {
  return document.querySelector("[data-test-script-state]")?.dataset.testScriptState === "running";
}

function makeHelp() {
  const help = make("dialog", { class: "help", "aria-label": "Keys of the reader" });
  const words = "They work wherever the page has the focus but in a text field. Pinning and dropping go on by themselves, so that "
    + "records can be read with one hand; clearing stays, since it corrects.";
  help.append(
    make("h2", {}, "Keys"),
    make("dl", {}, ...KEYS.flatMap(([letter, what]) => [make("dt", {}, make("kbd", {}, letter)), make("dd", {}, what)])),
    make("p", {}, words),
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

// Whether a dialog of the page lies over the reader.
function isCovered(host) {
  return [...document.querySelectorAll("[role=dialog], dialog[open]")].some(
    (dialog) => dialog.getClientRects().length && !dialog.contains(host),
  );
}
