// The turns of a record, whole: who speaks is told by side and tint, the name stands above for who listens.
const FOLDED = 420; // pixels, see reader.css

function makeTurn(turn, words, isOpen, onOpen) {
  const body = make("div", { class: "body" });
  for (const block of turn.blocks) {
    if (block.kind === "tree") body.append(grown(block.tree));
    else if (block.kind === "code") {
      body.append(
        make(
          "pre",
          { class: "code", tabindex: 0, "aria-label": block.language ? `code, ${block.language}` : "code" },
          block.language ? make("span", { class: "language" }, block.language) : null,
          make("code", {}, block.text),
        ),
      );
    } else body.append(make("p", { class: "text", dir: "auto" }, block.text));
  }
  markWords(body, words);
  const element = make(
    "section",
    { class: `turn ${turn.kind}` },
    make("h3", { dir: "auto" }, turn.name),
    body,
    make("p", { class: "length" }, `${counted(turn.n)} characters`),
  );
  if (!turn.long && !turn.more) return element;
  if (turn.long && !isOpen) element.classList.add("folded");
  if (turn.more && isOpen) element.classList.add("cut");
  const open = () => {
    element.classList.remove("folded");
    onOpen(turn.more);
  };
  const words_ = `Show all ${counted(turn.n)} characters`;
  element.append(make("button", { type: "button", class: "unfold", onclick: open }, words_, key("f")));
  requestAnimationFrame(() => {
    const found = body.querySelector("mark");
    if (found && found.offsetTop > FOLDED - 30) element.classList.remove("folded");
  });
  return element;
}
