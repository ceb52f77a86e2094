// Where a reader's list is seen from: what is new from its top, the record in mind within the window.
const GAP = 6; // pixels left free above and below a record that is scrolled to

// What is new is read from its top, where it has a place of its own to scroll in; another page from the top of the list, or at
// its foot where one came back to it.
function toTop(root, list, turned) {
  const box = scrolls(root);
  if (box === document.scrollingElement || box.dataset.testid === "stMain") return;
  box.scrollTop = turned ? box.scrollTop + list.getBoundingClientRect().top - box.getBoundingClientRect().top : 0;
}

// Give a line's button the focus, and scroll no more than it takes to see it below a head of so many pixels.
function comeTo(button, head) {
  button.focus({ preventScroll: true });
  const line = button.closest(".row");
  const box = scrolls(line);
  const [at, room] = [line.getBoundingClientRect(), box.getBoundingClientRect()];
  const top = Math.max(room.top, 0) + head + GAP; // the head stays where it is
  const foot = Math.min(room.bottom, window.innerHeight) - GAP;
  if (at.top < top) box.scrollTop += at.top - top;
  else if (at.bottom > foot) box.scrollTop += at.bottom - foot;
}

// The nearest element around that scrolls, out of the shadow too.
function scrolls(element) {
  for (let around = element; around; around = around.parentNode ?? around.host) {
    if (!(around instanceof Element) || around.scrollHeight <= around.clientHeight) continue;
    if (/auto|scroll/.test(getComputedStyle(around).overflowY) && around !== element) return around;
  }
  return document.scrollingElement;
}
