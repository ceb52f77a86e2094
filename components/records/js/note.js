// The field for a note on the next decision. Text, focus and selection outlive the reader it is in: see presence.js.
class Note {
  constructor(onDone) {
    this.isHeld = false; // whether it has the focus, or had it when it was taken off the page
    this.field = make("input", {
      type: "text", class: "note", maxlength: 500, placeholder: "Note: why (N)", "aria-label": "Note on the next decision",
    });
    this.field.addEventListener("focus", () => (this.isHeld = true));
    // An element that is taken off the page may lose the focus just before.
    this.field.addEventListener("blur", () => queueMicrotask(() => (this.isHeld = this.isHeld && !this.field.isConnected)));
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      if (event.key === "Escape") this.field.value = "";
      onDone();
    });
  }

  take() {
    const note = this.field.value.trim();
    this.field.value = "";
    return note;
  }

  // Type what is typed while the field is off the page, at its cursor.
  typeUnseen(key) {
    const { field } = this;
    const [from, to] = [field.selectionStart, field.selectionEnd];
    if (key === "Enter" || key === "Escape") this.isHeld = false;
    if (key === "Escape") field.value = "";
    else if (key === "Backspace") field.setRangeText("", from === to ? Math.max(0, from - 1) : from, to, "end");
    else if (key === "Delete") field.setRangeText("", from, from === to ? to + 1 : to, "end");
    else if (key.length === 1 && field.value.length - (to - from) < field.maxLength) field.setRangeText(key, from, to, "end");
  }

  // Go on for one that was taken off the page.
  adopt(left) {
    this.field.value = left.field.value;
    this.selection = [left.field.selectionStart, left.field.selectionEnd];
    this.isHeld = left.isHeld;
  }

  // Take the focus again, once its dialog is up.
  resume() {
    if (!this.isHeld) return;
    this.field.focus({ preventScroll: true });
    this.field.setSelectionRange(...this.selection);
  }
}
