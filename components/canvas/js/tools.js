// The buttons on the map: drawing or moving, zoom, contours, a picture to save.
class Tools {
  constructor(root, map) {
    this.root = root;
    this.map = map;
    this.mode = "draw";
    this.contours = false;
    const acts = {
      draw: () => this.setMode("draw"),
      move: () => this.setMode("move"),
      nearer: () => map.zoomAt(...map.view.middle, 1.6),
      farther: () => map.zoomAt(...map.view.middle, 1 / 1.6),
      whole: () => map.showWhole(),
      picked: () => map.showPicked(),
      contours: () => this.showContours(!this.contours),
      save: () => savePicture(map),
    };
    for (const button of root.querySelectorAll("button")) {
      button.addEventListener("click", () => acts[button.dataset.do]());
    }
  }

  button(name) {
    return this.root.querySelector(`[data-do=${name}]`);
  }

  set canShowPicked(can) {
    this.button("picked").disabled = !can;
  }

  setMode(mode) {
    this.mode = mode;
    for (const name of ["draw", "move"]) this.button(name).setAttribute("aria-pressed", String(name === mode));
    this.map.canvas.style.cursor = mode === "move" ? "grab" : "crosshair";
  }

  showContours(shown) {
    this.contours = shown;
    this.button("contours").setAttribute("aria-pressed", String(shown));
    this.map.drawOverlay();
  }
}

// The map as it is seen, on the page's ground, as a picture.
function savePicture(map) {
  const sheet = document.createElement("canvas");
  [sheet.width, sheet.height] = [map.canvas.width, map.canvas.height];
  const context = sheet.getContext("2d");
  context.fillStyle = map.ink().ground;
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.drawImage(map.canvas, 0, 0);
  context.drawImage(map.overlay.canvas, 0, 0);
  sheet.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = "map.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}
