// The legend: what the colours mean, and a filter. A click hides or shows an entry, a click with Alt shows it alone.
class Legend {
  constructor(root, onChange) {
    this.root = root;
    this.onChange = onChange;
    this.kept = new Map(); // by colouring: the codes that are hidden
    this.colouring = null;
    this.stars = 0; // examples of a target on the map
    this.starsShown = true;
  }

  get hidden() {
    return this.colouring ? this.kept.get(this.colouring.id) : new Set();
  }

  show(header) {
    this.colouring = header;
    if (!this.kept.has(header.id)) this.kept.set(header.id, new Set());
    this.write();
  }

  showStars(stars) {
    this.stars = stars;
    if (this.colouring) this.write();
  }

  write() {
    const header = this.colouring;
    const entries = header.legend.map((entry) => this.entry(entry));
    if (this.stars) entries.push(this.starEntry());
    const title = document.createElement("div");
    title.className = "legend-title";
    title.textContent = header.title;
    this.root.replaceChildren(...(header.title && entries.length ? [title] : []), ...entries);
    this.root.hidden = !entries.length;
    this.mark();
  }

  // An entry stands for one code or, on a scale, for a run of them.
  entry({ name, first, last, count }) {
    const dot = document.createElement("span");
    dot.className = "dot";
    dot.style.background = `rgb(${this.colouring.colours[Math.round((first + last) / 2)].join(", ")})`;
    const button = this.button(dot, name, count);
    button.dataset.first = first;
    button.dataset.last = last;
    button.title = "Click to hide or show; with Alt, to show it alone";
    button.addEventListener("click", (event) => this.press(first, last, event.altKey));
    return button;
  }

  starEntry() {
    const star = document.createElement("span");
    star.className = "star";
    star.textContent = "★";
    const button = this.button(star, "examples of the target", this.stars);
    button.dataset.stars = "1";
    button.title = "Click to hide or show";
    button.addEventListener("click", () => {
      this.starsShown = !this.starsShown;
      this.mark();
      this.onChange();
    });
    return button;
  }

  button(sign, name, count) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "legend-entry";
    const words = document.createElement("span");
    words.className = "legend-name";
    words.textContent = name; // a name from the data: text, never markup
    const number = document.createElement("span");
    number.className = "legend-count";
    number.textContent = count.toLocaleString("en-US");
    button.append(sign, words, number);
    return button;
  }

  press(first, last, alone) {
    const hidden = this.hidden;
    const codes = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    if (alone) {
      const others = this.colouring.colours.map((_, code) => code).filter((code) => code < first || code > last);
      const isAlone = others.every((code) => hidden.has(code)) && !hidden.has(first);
      hidden.clear();
      if (!isAlone) others.forEach((code) => hidden.add(code));
    } else if (hidden.has(first)) codes.forEach((code) => hidden.delete(code));
    else codes.forEach((code) => hidden.add(code));
    this.mark();
    this.onChange();
  }

  mark() {
    for (const button of this.root.querySelectorAll("button")) {
      const isShown = button.dataset.stars ? this.starsShown : !this.hidden.has(Number(button.dataset.first));
      button.setAttribute("aria-pressed", String(isShown));
    }
  }
}
