// What is asked of the server. It shows at once; an ask stays in the list until the server's next answer confirms it, so that of
// keys that come faster than answers none is lost.
const HOLD_MS = 1500; // for which asks wait, at most, for the page to be still
const POLL_MS = 20;
const AGAIN_MS = 4000; // until an answer that has not come, on a page that is still, is taken for lost and asked for once more

class Asking {
  constructor(reader) {
    this.reader = reader;
    this.pending = []; // asked for and not yet confirmed: {n, what, row}
    this.last = 0;
    this.sent = 0; // the last ask that was sent, and when
    this.sentAt = 0;
  }

  // What was done is not pending any more; a server that is new knows nothing of what the one before was asked.
  settle(before, data) {
    if (before && before.session !== data.session) this.pending = [];
    this.pending = this.pending.filter((each) => each.n > data.done);
    if (!this.pending.length) clearTimeout(this.insists);
  }

  has(...whats) {
    return this.pending.some((each) => whats.includes(each.what));
  }

  ask(what, row = -1, more = {}) {
    this.last = Math.max(Date.now(), this.last + 1, this.reader.data.done + 1);
    this.pending.push({ n: this.last, what, row, ...more });
    this.send();
  }

  askToRead(row) {
    if (this.pending.some((each) => each.what === "read" && each.row === row)) return;
    this.pending = this.pending.filter((each) => each.what !== "read"); // read over
    this.ask("read", row);
  }

  // All that is pending, once the page is still: one run for many keys, and for a decision with the next record that is read, and
  // none on the heels of another (see presence.js).
  send() {
    if (this.waits) return;
    const since = performance.now();
    const go = () => {
      const now = performance.now();
      const { data, component } = this.reader;
      const isBusy = isRunning() || (this.sent > data.done && now - this.sentAt < HOLD_MS);
      if (isBusy && now - since < HOLD_MS) return void (this.waits = setTimeout(go, POLL_MS));
      this.waits = 0;
      if (!this.pending.length) return;
      [this.sent, this.sentAt] = [this.last, now];
      component.setStateValue("asks", { session: data.session, list: this.pending });
      this.insist();
    };
    this.waits = setTimeout(go); // not before all that follows from a key was asked for
  }

  insist() {
    clearTimeout(this.insists);
    this.insists = setTimeout(() => this.again(), AGAIN_MS);
  }

  // What was done is done only once, however often it is asked for: the server knows it by its number, and draws the reader again.
  again() {
    const { data, component, presence } = this.reader;
    const isHere = this.reader.root.isConnected;
    if (isHere ? !this.pending.length : !this.reader.reading || presence.isLong()) return;
    if (!isRunning()) component.setStateValue("asks", { session: data.session, list: this.pending, again: Date.now() });
    this.insist();
  }

  // Go on for a reader that was taken off the page.
  adopt(left) {
    clearTimeout(left.insists);
    clearTimeout(left.waits); // what it holds is asked for from here, and not again without what follows
    this.pending = left.pending.filter((each) => each.n > this.reader.data.done);
    for (const name of ["last", "sent", "sentAt"]) this[name] = left[name];
    if (this.pending.length) this.send();
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
}

function isRunning() {
  return document.querySelector("[data-test-script-state]")?.dataset.testScriptState === "running";
}
