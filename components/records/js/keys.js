// The keys of a reader, and the list of them. Third: what one must be able to, see `can` of the server's answer.
const KEYS = [
  ["Enter", "read it"],
  ["j", "next record"],
  ["k", "record before"],
  ["p", "pin it and go on to the next", "decide"],
  ["d", "drop it and go on to the next", "decide"],
  ["c", "clear it (no pin, no drop) and stay", "decide"],
  ["n", "write a note on the next decision", "decide"],
  ["u", "undo the last decision", "decide"],
  ["f", "unfold its long turns"],
  ["s", "its nearest records, near-duplicates marked", "similar"],
  ["m", "read the records like it", "similar"],
  ["e", "correct one of its fields", "edit"],
  ["?", "this list"],
];
const KEPT = "jkpdcu"; // what is pressed while a reader is off the page, and done by the one that goes on for it

class Keys {
  constructor(reader) {
    this.reader = reader;
    this.help = makeHelp();
    this.missed = []; // keys pressed while the reader was off the page
    this.listener = (event) => this.onKey(event);
    document.addEventListener("keydown", this.listener, true);
  }

  forget() {
    document.removeEventListener("keydown", this.listener, true);
  }

  onKey(event) {
    const { reader } = this;
    const isAway = reader.presence.isAway();
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.composedPath()[0];
    if (target instanceof Element && isText(target)) return;
    if (isAway && reader.sheet.note.isHeld) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return reader.sheet.note.typeUnseen(event.key);
    }
    if (isAway && KEPT.includes(event.key)) return void this.missed.push(event.key);
    if (!reader.presence.isAlive()) return;
    if (this.help.open || isCovered(reader.presence.host()) || !this.areMine()) return;
    const act = this.actOf(event.key, target);
    if (!act) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // Streamlit has keys of its own
    if (!event.repeat || "jk".includes(event.key)) act();
  }

  // Keys go to the reader whose dialog is up, else to the one that was touched last, else to the first one that is seen.
  areMine() {
    const { reader } = this;
    const seen = [...readers.all].filter((each) => each.presence.isAlive() && each.root.getClientRects().length && each.focused >= 0);
    const reading = seen.find((each) => each.sheet.dialog.open);
    if (reading) return reading === reader;
    if (seen.includes(readers.last)) return readers.last === reader;
    seen.sort((a, b) => (a.presence.host().compareDocumentPosition(b.presence.host()) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
    return seen[0] === reader;
  }

  actOf(name, target) {
    const { reader } = this;
    const row = reader.focused;
    const inDialog = (act) => () => {
      if (!reader.reading) reader.read(row);
      act();
    };
    const { can } = reader.data;
    return {
      Enter: reader.reading || isPressedByEnter(target) ? null : () => reader.read(row),
      j: () => reader.move(1),
      k: () => reader.move(-1),
      p: can.decide && (() => reader.decide("pin", row)),
      d: can.decide && (() => reader.decide("drop", row)),
      c: can.decide && (() => reader.decide("clear", row)),
      n: can.decide && inDialog(() => reader.sheet.note.field.focus()),
      u: can.decide && (() => reader.undo()),
      f: inDialog(() => reader.sheet.unfold()),
      s: can.similar && inDialog(() => reader.ask("similar", row)),
      m: can.similar && (() => reader.leave("more", row)),
      e: can.edit && inDialog(() => reader.ask("edit", row)),
      "?": () => this.showHelp(),
    }[name];
  }

  showHelp() {
    const { can } = this.reader.data;
    const doable = KEYS.filter(([, , needs]) => !needs || can[needs]);
    this.help.querySelector("dl").replaceChildren(
      ...doable.flatMap(([letter, what]) => [make("dt", {}, make("kbd", {}, letter)), make("dd", {}, what)]),
    );
    this.help.querySelector(".deciding").hidden = !can.decide;
    this.help.showModal();
  }

  doMissed() {
    for (const name of this.missed.splice(0)) this.actOf(name, null)?.();
  }
}

function makeHelp() {
  const help = make("dialog", { class: "help", "aria-label": "Keys of the reader" });
  const deciding = "Pinning and dropping go on by themselves, so that records can be read with one hand; clearing stays, since it "
    + "corrects.";
  help.append(
    make("h2", {}, "Keys"),
    make("dl", {}),
    make("p", {}, "They work wherever the page has the focus but in a text field."),
    make("p", { class: "deciding" }, deciding),
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

// Whether what is typed there is text, or steers what has its own keys.
function isText(element) {
  if (element.isContentEditable || element.closest("[role=textbox], [role=combobox], [role=listbox], [role=menu]")) return true;
  if (element.tagName === "TEXTAREA" || element.tagName === "SELECT") return true;
  const typed = !["checkbox", "radio", "button", "submit", "range", "color", "file"].includes(element.type);
  return element.tagName === "INPUT" && typed;
}

// Whether Enter is for an element itself. For a moment after its dialog was closed, a button that nobody sees has the focus still.
function isPressedByEnter(element) {
  return element instanceof Element && element.getClientRects().length > 0 && element.closest("button, a, summary, canvas") !== null;
}

// Whether a dialog of the page lies over the reader.
function isCovered(host) {
  return [...document.querySelectorAll("[role=dialog], dialog[open]")].some(
    (dialog) => dialog.getClientRects().length && !dialog.contains(host),
  );
}
