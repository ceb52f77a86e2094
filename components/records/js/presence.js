// Whether a reader is on the page. Streamlit takes a component off the page and puts it back where a run begins before the browser
// has dealt with the end of the last one, as when somebody else decides: the new one goes on where that one was.
const LEFT_MS = 3000; // of a page that is still, within which a list goes on; a run on a busy server takes longer and is waited for,
const LONGEST_MS = 60000; // up to so long, and so is one that has not begun where a record is read: nobody leaves a dialog but by its
// button, or for another page
const LOOK_MS = 100;
const readers = (document[Symbol.for("winnow.readers")] ??= { all: new Set(), last: null });

class Presence {
  constructor(reader) {
    this.reader = reader;
    this.leftAt = 0; // when it was taken off the page
    this.ranAt = 0; // when a run was last seen since, that may put it back
    this.stillAt = 0; // the same, once there is none
    this.path = ""; // of the page that it was taken off
    this.isElsewhere = false; // whether another page was gone to meanwhile
    readers.all.add(reader);
  }

  takeOver() {
    const { reader } = this;
    const left = [...readers.all, readers.left].find(
      (each) => each && each !== reader && !each.root.isConnected && each.data && each.data.session === reader.data.session,
    );
    if (!left) return;
    left.presence.forget();
    if (left.presence.isLong()) return;
    reader.opened = left.opened;
    if (reader.record(left.focused)) [reader.focused, reader.reading] = [left.focused, left.reading];
    else if (reader.data.page !== left.data.page) [reader.focused, reader.reading] = [reader.edge(left.landing), left.reading];
    if (readers.last === left) readers.last = reader;
    reader.keys.missed = left.keys.missed;
    reader.sheet.adopt(left.sheet);
    reader.asking.adopt(left.asking);
  }

  leave() {
    this.leftAt = this.ranAt = performance.now();
    this.stillAt = 0;
    this.path = location.pathname;
    readers.left = this.reader;
    setTimeout(() => this.look(), LOOK_MS);
    this.reader.asking.insist(); // what puts it back may be lost, too
  }

  // See, until it is back or has been away too long, whether a run goes on and whether the page is another.
  look() {
    if (this.reader.root.isConnected || !readers.all.has(this.reader) || performance.now() - this.leftAt > LONGEST_MS) return;
    this.isElsewhere ||= location.pathname !== this.path;
    if (!this.stillAt && isRunning()) this.ranAt = performance.now();
    else this.stillAt = this.ranAt;
    setTimeout(() => this.look(), LOOK_MS);
  }

  isLong() {
    if (!this.leftAt) return false;
    if (this.isElsewhere || location.pathname !== this.path) return true;
    const now = performance.now();
    return this.stillAt && !this.reader.reading ? now - this.stillAt > LEFT_MS : now - this.leftAt > LONGEST_MS;
  }

  // Whether it was just taken off the page, and keys are still its own.
  isAway() {
    return !this.reader.root.isConnected && !this.isLong() && (readers.last ?? this.reader) === this.reader;
  }

  isAlive() {
    if (this.reader.root.isConnected) return true;
    this.forget();
    readers.left = this.reader;
    return false;
  }

  forget() {
    this.reader.keys.forget();
    readers.all.delete(this.reader);
    if (readers.left === this.reader) readers.left = null;
  }

  host() {
    return this.reader.root.getRootNode().host ?? this.reader.root;
  }
}
