// Above and below the list: its order and what is always there; its pages.
class Edges {
  constructor(reader) {
    this.reader = reader;
    this.bar = make("div", { class: "bar", role: "toolbar", "aria-label": "Records" });
    this.foot = make("div", { class: "foot" });
  }

  draw(data) {
    this.drawBar(data);
    this.drawFoot(data);
  }

  drawBar({ order, orders, can }) {
    const drawn = JSON.stringify([order, orders, can]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const { reader } = this;
    const select = make(
      "select",
      { "aria-label": "Order" },
      ...orders.map((each) => make("option", { value: each, selected: each === order }, each)),
    );
    select.addEventListener("change", () => reader.ask("order", -1, { order: select.value }));
    const button = (label, letter, act, attributes) => make("button", { type: "button", onclick: act, ...attributes }, label, key(letter));
    this.bar.replaceChildren(
      orders.length > 1 ? select : "",
      make("span", { class: "space" }),
      can.decide ? button("Undo", "u", () => reader.undo(), { title: "Take back the last decision" }) : "",
      button("Keys", "?", () => reader.keys.showHelp(), { title: "All keys", "aria-haspopup": "dialog" }),
    );
  }

  drawFoot({ page, pages, from, total, records }) {
    if (pages < 2) return this.foot.replaceChildren();
    const shown = `${counted(from + 1)} to ${counted(from + records.length)} of ${counted(total)}`;
    const button = (label, to) =>
      make("button", { type: "button", disabled: to < 0 || to >= pages, onclick: () => this.reader.turn(to) }, label);
    this.foot.replaceChildren(button("Previous page", page - 1), make("span", {}, shown), button("Next page", page + 1));
  }
}
