// The list: a line a record, its beginning first. A click opens it; the rest is read in the dialog.
const STATUS = ["", "selected", "pinned", "dropped"];
const [FREE, SELECTED, PINNED, DROPPED] = [0, 1, 2, 3];

class Rows {
  constructor(reader) {
    this.reader = reader;
    this.head = make("div", { class: "line heads", "aria-hidden": "true" });
    this.list = make("ul", { class: "rows", "aria-label": "Records" });
    this.drawn = new Map(); // row -> {element, from}
  }

  draw(records, words) {
    const hasSource = records.some((record) => record.source);
    const hasQuality = records.some((record) => record.quality !== null);
    this.list.classList.toggle("sources", hasSource);
    this.list.classList.toggle("qualities", hasQuality);
    this.head.className = `line heads ${hasSource ? "sources" : ""} ${hasQuality ? "qualities" : ""}`;
    const columns = { begins: "Begins with", source: hasSource && "Source", quality: hasQuality && "Quality", state: "Status" };
    const shown = Object.entries(columns).filter(([, title]) => title);
    this.head.replaceChildren(...shown.map(([name, title]) => make("span", { class: name }, title)));
    const rows = new Set(records.map((record) => record.row));
    for (const [row, line] of this.drawn) {
      if (rows.has(row)) continue;
      line.element.remove();
      this.drawn.delete(row);
    }
    let before = null;
    for (const record of records) {
      const { status, chosen, ...content } = record;
      const from = JSON.stringify([content, words, hasSource, hasQuality]);
      let line = this.drawn.get(record.row);
      if (!line) {
        line = { element: make("li", { class: "line row", "data-row": record.row }), from: "" };
        line.element.addEventListener("click", () => this.reader.read(record.row));
        this.drawn.set(record.row, line);
      }
      const place = before ? before.nextSibling : this.list.firstChild;
      if (place !== line.element) this.list.insertBefore(line.element, place);
      if (line.from !== from) this.drawLine(line, record, words, hasSource, hasQuality);
      line.from = from;
      this.drawStatus(record);
      before = line.element;
    }
  }

  drawLine(line, record, words, hasSource, hasQuality) {
    const begins = make("span", { class: "text", dir: "auto" }, record.begins || "(no text)");
    markWords(begins, words);
    line.button = make(
      "button",
      { type: "button", class: "begins", "aria-haspopup": "dialog", title: `record ${counted(record.row)}` },
      begins,
      record.edited ? make("span", { class: "edited" }, "edited") : null,
    );
    line.state = make("span", { class: "state" });
    line.element.replaceChildren(
      line.button,
      hasSource ? make("span", { class: "source", dir: "auto", title: record.source }, record.source) : null ?? "",
      hasQuality ? qualityOf(record.quality) : "",
      line.state,
    );
  }

  drawStatus(record) {
    const line = this.drawn.get(record.row);
    if (!line) return;
    const status = STATUS[this.reader.status(record)];
    line.element.dataset.status = status || "free";
    line.state.textContent = status;
    line.state.className = `state ${status}`;
  }

  mark(focused) {
    for (const [row, line] of this.drawn) {
      if (row === focused) line.element.setAttribute("aria-current", "true");
      else line.element.removeAttribute("aria-current");
      line.button.tabIndex = row === focused ? 0 : -1;
    }
  }

  button(row) {
    return this.drawn.get(row)?.button;
  }
}

// A number between 0 and 1 gets a bar, so that a column of them is read at a glance.
function qualityOf(quality) {
  if (quality === null) return make("span", { class: "quality" });
  const bar = make("span", { class: "bar", "aria-hidden": "true" });
  const isShare = quality >= 0 && quality <= 1;
  if (isShare) bar.style.setProperty("--share", String(quality));
  return make("span", { class: "quality" }, isShare ? bar : null, quality.toFixed(2));
}
