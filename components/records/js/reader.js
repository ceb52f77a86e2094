// The reader: a list of records and the dialog to read them in, worked by buttons and by keys. What is asked for shows at once;
// the server's next answer confirms it, or takes it back.
const SAID = { pin: "Pinned", drop: "Dropped", clear: "Cleared" };
const held = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector(".reader");
  let reader = held.get(root);
  if (!reader) {
    reader = new Reader(root);
    held.set(root, reader);
  }
  reader.update(component);
  return () => reader.presence.leave();
}

class Reader {
  constructor(root) {
    this.root = root;
    this.asking = new Asking(this);
    this.keys = new Keys(this);
    this.rows = new Rows(this);
    this.sheet = new Sheet(this);
    this.edges = new Edges(this);
    this.live = make("div", { class: "live", role: "status", "aria-live": "polite" });
    this.top = make("div", { class: "top" }, this.edges.bar, this.rows.head);
    root.append(this.top, this.rows.list, this.edges.foot, this.live, this.sheet.dialog, this.keys.help);
    this.focused = -1; // a row
    this.reading = false; // whether the dialog is up, or waits for another one
    this.opened = 0; // the last wish of the server's to open a record
    this.landing = "first"; // of a new page
    for (const name of ["pointerdown", "focusin"]) root.addEventListener(name, (event) => this.onTouch(event));
    this.presence = new Presence(this);
  }

  update(component) {
    const before = this.data;
    this.component = component;
    this.data = component.data;
    this.asking.settle(before, this.data);
    const turned = this.follow(before);
    if (!before) this.presence.takeOver();
    this.edges.draw(this.data);
    this.rows.draw(this.data.records, this.data.words);
    this.rows.mark(this.focused);
    if (!before || turned) this.toTop(turned);
    if (this.data.open && this.data.open !== this.opened) {
      this.opened = this.data.open;
      this.read(this.focused);
    } else if (this.reading) this.showSheet(turned);
    this.askWhy();
    this.keys.doMissed();
  }

  // Keep the record in mind that was in mind; return whether another page has come.
  follow(before) {
    const rows = this.data.records.map((record) => record.row);
    const first = this.data.first;
    if (!before || (first !== before.first && rows.includes(first))) this.focused = rows.includes(first) ? first : rows[0] ?? -1;
    const turned = before !== undefined && before.page !== this.data.page;
    if (!rows.includes(this.focused)) {
      const at = before ? before.records.findIndex((record) => record.row === this.focused) : 0;
      this.focused = turned ? this.edge(this.landing) : rows[Math.max(0, Math.min(at, rows.length - 1))] ?? -1;
      this.landing = "first";
    }
    return turned;
  }

  // The "first" or "last" row of the page.
  edge(which) {
    return this.data.records.at(which === "last" ? -1 : 0)?.row ?? -1;
  }

  showSheet(turned) {
    if (this.data.editing) return this.sheet.suspend();
    if (!this.record(this.focused)) return this.sheet.dialog.close();
    this.drawSheet();
    this.sheet.show();
    if (turned || !this.view(this.focused)) this.asking.askToRead(this.focused);
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

  record(row) {
    return this.data.records.find((record) => record.row === row);
  }

  status(record) {
    return this.asking.status(record);
  }

  drawStatus(row) {
    this.rows.drawStatus(this.record(row));
    if (this.reading && row === this.focused) this.sheet.drawStatus(this.record(row));
  }

  say(words) {
    this.live.textContent = words;
    this.sheet.say(words);
  }

  // Asking

  ask(what, row = -1, more = {}) {
    this.asking.ask(what, row, more);
  }

  // What takes long to say comes after the record.
  askWhy() {
    const view = this.reading && this.view(this.focused);
    if (!view || view.why !== null || this.asking.has("why", "read")) return;
    setTimeout(() => this.ask("why", this.focused));
  }

  decide(what, row) {
    const note = this.sheet.note.take();
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

  // Going about

  read(row) {
    if (!this.record(row)) return;
    this.focused = row;
    this.reading = true;
    this.rows.mark(row);
    this.drawSheet();
    this.sheet.show();
    this.asking.askToRead(row);
  }

  closed() {
    this.reading = false;
    this.rows.mark(this.focused);
    this.come();
  }

  move(by) {
    const rows = this.data.records.map((record) => record.row);
    const to = rows.indexOf(this.focused) + by;
    if (to < 0 || to >= rows.length) return this.turn(this.data.page + Math.sign(by));
    this.focused = rows[to];
    this.rows.mark(this.focused);
    if (this.reading) {
      this.drawSheet();
      this.asking.askToRead(this.focused);
    } else this.come();
  }

  turn(page) {
    if (page < 0 || page >= this.data.pages) return this.say(page < 0 ? "This is the first record." : "This is the last record.");
    this.landing = page < this.data.page ? "last" : "first";
    this.ask("page", -1, { page });
  }

  toTop(turned) {
    toTop(this.root, this.top.parentElement, turned);
    if (turned && !this.reading) this.come();
  }

  come() {
    const button = this.rows.button(this.focused);
    if (button) comeTo(button, this.top.offsetHeight);
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
}
