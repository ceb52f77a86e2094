// The dialog in which a record is read: the whole conversation, and its buttons always in view.
const NO_USE = { pin: [PINNED], drop: [DROPPED], clear: [FREE, SELECTED] };

class Sheet {
  constructor(reader) {
    this.reader = reader;
    this.open = new Set(); // long turns that were unfolded, of the record shown
    this.row = -1;
    const button = (label, letter, act, attributes = {}) =>
      make("button", { type: "button", "aria-keyshortcuts": letter, onclick: act, ...attributes }, label, key(letter));
    const decide = (what, label, letter) =>
      (this[what] = button(label, letter, () => reader.decide(what, reader.focused), { class: `do-${what}` }));
    this.title = make("h2", { class: "title" });
    this.place = make("span", { class: "place" });
    this.state = make("span", { class: "state" });
    this.edited = make("button", { type: "button", class: "edited", onclick: () => reader.ask("original", reader.focused) });
    this.before = button("Previous", "k", () => reader.move(-1));
    this.next = button("Next", "j", () => reader.move(1));
    this.modes = make("span", { class: "choices", role: "group", "aria-label": "Show texts" });
    const close = make("button", { type: "button", class: "close", "aria-label": "Close", title: "Close (Esc)" }, "✕");
    close.addEventListener("click", () => this.dialog.close());
    this.body = make("article", { class: "record", tabindex: 0 });
    this.at = 0; // pixels that its body is scrolled by
    this.body.addEventListener("scroll", () => (this.at = this.body.isConnected ? this.body.scrollTop : this.at));
    this.why = make("p", { class: "why" });
    this.facts = make("p", { class: "facts", dir: "auto" });
    this.note = new Note(() => this.body.focus({ preventScroll: true }));
    this.live = make("span", { class: "said", role: "status", "aria-live": "polite" });
    this.decisions = make("div", { class: "decisions" },
      decide("pin", "Pin", "p"), decide("drop", "Drop", "d"), decide("clear", "Clear", "c"), this.note.field,
      (this.undo = button("Undo", "u", () => reader.undo())), (this.refused = make("span", { class: "refused" })));
    this.similar = button("Similar", "s", () => reader.ask("similar", reader.focused));
    this.edit = button("Edit", "e", () => reader.ask("edit", reader.focused));
    this.keys = button("Keys", "?", () => reader.keys.showHelp());
    this.dialog = make("dialog", { class: "sheet", "aria-label": "Record" },
      make("header", {}, make("div", { class: "names" }, this.title, this.state, this.edited),
        make("div", { class: "way" }, this.before, this.place, this.next), this.modes, close),
      this.body,
      make("footer", {},
        make("div", { class: "about" }, this.facts, this.live),
        make("div", { class: "buttons" }, this.decisions, make("span", { class: "space" }), this.similar, this.edit, this.keys)));
    this.dialog.addEventListener("close", () => this.onClose());
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
  }

  show() {
    if (this.dialog.open) return;
    this.suspended = false;
    this.dialog.showModal();
    this.body.focus({ preventScroll: true });
    this.note.resume();
    if (this.cameBack) this.body.scrollTop = this.at;
    this.cameBack = false;
  }

  // Go on for one that was taken off the page.
  adopt(left) {
    this.open = left.open;
    [this.row, this.at, this.cameBack] = [left.row, left.at, true];
    this.note.adopt(left.note);
  }

  // Another dialog of the page needs the room; this one comes back after it.
  suspend() {
    if (!this.dialog.open) return;
    this.suspended = true;
    this.dialog.close();
  }

  onClose() {
    if (this.suspended) return;
    this.row = -1;
    this.reader.closed();
  }

  say(words) {
    this.live.textContent = words;
  }

  draw(record, view, place, data) {
    const isNew = this.row !== record.row;
    if (isNew) this.open.clear();
    const name = `Record ${counted(record.row)}`;
    this.title.textContent = name;
    this.place.textContent = place;
    this.drawModes(data.mode);
    this.drawStatus(record);
    const quality = record.quality === null ? "" : `quality ${record.quality.toFixed(2)}`;
    const length = view ? `${counted(view.turns.reduce((sum, turn) => sum + turn.n, 0))} characters` : "";
    this.facts.textContent = [quality, length, record.source, record.cluster].filter(Boolean).join(" · ");
    this.edited.hidden = !view || !view.edited;
    if (view && view.edited) {
      this.edited.title = view.edited;
      this.edited.setAttribute("aria-pressed", String(view.original));
      this.edited.textContent = view.original ? "the original · show it corrected" : "edited · show the original";
    }
    for (const each of [this.pin, this.drop, this.clear, this.note.field]) each.hidden = !data.can.decide;
    this.undo.hidden = !data.can.decide;
    this.refused.textContent = data.can.why;
    this.similar.hidden = !data.can.similar;
    this.edit.hidden = !data.can.edit;
    this.drawBody(record, view, data, isNew);
    this.row = record.row;
  }

  drawBody(record, view, data, isNew) {
    const { why, ...content } = view ?? {};
    this.why.textContent = why ?? ""; // it may come after the rest, which stays as it is
    const drawn = JSON.stringify([record.row, content, data.words, data.mode]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const scrolled = isNew ? 0 : this.body.scrollTop;
    this.body.setAttribute("aria-label", this.title.textContent);
    this.body.dataset.row = record.row;
    this.body.replaceChildren(
      ...(view
        ? [
            ...view.turns.map((turn, i) =>
              makeTurn(turn, data.words, this.open.has(i), (more) => {
                this.open.add(i);
                if (more) this.reader.ask("whole", record.row);
              }),
            ),
            this.why,
            view.similar ? this.makeSimilar(record, view.similar) : "",
          ]
        : [make("section", { class: "turn user waiting" }, make("p", { class: "text", dir: "auto" }, record.begins))]),
    );
    this.body.scrollTop = scrolled;
    if (view && view.similar && this.similarOf !== record.row) this.body.querySelector(".similar").scrollIntoView({ block: "nearest" });
    this.similarOf = view && view.similar ? record.row : -1;
  }

  drawModes(mode) {
    if (this.mode === mode) return;
    this.mode = mode;
    const choice = (name, label, help) =>
      make(
        "button",
        {
          type: "button",
          class: "choice",
          "aria-pressed": String(mode === name),
          title: help,
          onclick: () => this.mode !== name && this.reader.ask("mode", -1, { mode: name }),
        },
        label,
      );
    this.modes.replaceChildren(
      choice("written", "As written", "Markdown, formulas and JSON as the plain text that they are."),
      choice("rendered", "Rendered", "Markdown, formulas and JSON laid out. No HTML is read, nothing is fetched."),
    );
  }

  drawStatus(record) {
    const status = this.reader.status(record);
    this.dialog.dataset.status = STATUS[status] || "free";
    this.state.textContent = STATUS[status];
    this.state.className = `state ${STATUS[status]}`;
    for (const what of ["pin", "drop", "clear"]) this[what].disabled = NO_USE[what].includes(status);
  }

  makeSimilar(record, { items, summary }) {
    const { reader } = this;
    const line = (item) =>
      make(
        "button",
        { type: "button", class: "item", onclick: () => reader.leave("open", record.row, { to: item.row }) },
        make("span", { class: "cosine" }, item.cosine.toFixed(3)),
        make("span", { class: "begins", dir: "auto" }, item.text),
        STATUS[item.status] ? make("span", { class: `state ${STATUS[item.status]}` }, STATUS[item.status]) : null,
        item.near ? make("span", { class: "near" }, "near-duplicate") : null,
      );
    return make(
      "div",
      { class: "similar" },
      make("h3", {}, summary),
      make("ul", {}, ...items.map((item) => make("li", {}, line(item)))),
      make("button", { type: "button", onclick: () => reader.leave("more", record.row) }, "Read more like this", key("m")),
    );
  }

  unfold() {
    for (const button of this.body.querySelectorAll(".turn.folded > .unfold, .turn.cut > .unfold")) button.click();
  }
}
