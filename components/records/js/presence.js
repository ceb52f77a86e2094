// Whether a reader is on the page. Streamlit takes a component off the page and puts it back where a run begins before the browser
// has dealt with the end of the last one, as when somebody else decides: the new one goes on where that one was.
const LEFT_MS = 3000; // within which it goes on
const readers = (document[Symbol.for("winnow.readers")] ??= { all: new Set(), last: null });

class Presence {
  constructor(reader) {
    this.reader = reader;
    this.leftAt = 0; // when it was taken off the page
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
    if (readers.last === left) readers.last = reader;
    reader.keys.missed = left.keys.missed;
    reader.sheet.adopt(left.sheet);
    reader.asking.adopt(left.asking);
  }

  leave() {
    this.leftAt = performance.now();
    readers.left = this.reader;
  }

  isLong() {
    return this.leftAt > 0 && performance.now() - this.leftAt > LEFT_MS;
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
