// The picture as large as the window, and larger. Without this script the link opens the picture itself.
"use strict";

(() => {
  const link = document.getElementById("enlarge"), stage = document.getElementById("stage");
  if (!link || !stage || !HTMLDialogElement.prototype.showModal) return;
  const MOST = 8;

  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  stage.querySelector("img").addEventListener("click", open);

  function open() {
    const dialog = document.createElement("dialog"), view = document.createElement("div"), picture = stage.cloneNode(true);
    const bar = document.createElement("div"), image = picture.querySelector("img");
    dialog.className = "lightbox";
    dialog.setAttribute("aria-label", link.textContent.trim());
    picture.removeAttribute("id");
    view.className = "view"; view.tabIndex = 0;
    picture.classList.toggle("with-heat", Boolean(document.getElementById("show-heat")?.checked));
    picture.classList.toggle("without-boxes", document.getElementById("show-boxes")?.checked === false);
    image.draggable = false;
    image.src = link.href; // the whole file, where the browser can show it
    let zoom = 1;
    const set = (value) => {
      const before = zoom, x = view.scrollLeft + view.clientWidth / 2, y = view.scrollTop + view.clientHeight / 2;
      zoom = Math.max(1, Math.min(MOST, value));
      picture.style.inlineSize = `${100 * zoom}%`;
      picture.style.blockSize = `${100 * zoom}%`;
      view.scrollLeft = (x * zoom) / before - view.clientWidth / 2;
      view.scrollTop = (y * zoom) / before - view.clientHeight / 2;
    };
    const button = (text, does) => {
      const made = document.createElement("button");
      made.type = "button"; made.className = "button small"; made.textContent = text;
      made.addEventListener("click", does);
      bar.append(made);
      return made;
    };
    bar.className = "toolbar";
    button("−", () => set(zoom / 1.5)).setAttribute("aria-label", words.smaller);
    button("+", () => set(zoom * 1.5)).setAttribute("aria-label", words.larger);
    button(words.whole, () => set(1));
    button(words.close, () => dialog.close());
    view.append(picture);
    dialog.append(view, bar);
    document.body.append(dialog);
    view.addEventListener("wheel", (event) => { event.preventDefault(); set(zoom * (event.deltaY < 0 ? 1.2 : 1 / 1.2)); }, { passive: false });
    view.addEventListener("dblclick", () => set(zoom > 1 ? 1 : 2.5));
    dialog.addEventListener("keydown", (event) => {
      const change = { "+": 1.5, "=": 1.5, "-": 1 / 1.5 }[event.key];
      if (change) set(zoom * change); else if (event.key === "0") set(1); else return;
      event.preventDefault();
    });
    let held = null;
    view.addEventListener("pointerdown", (event) => { held = [event.clientX + view.scrollLeft, event.clientY + view.scrollTop]; });
    view.addEventListener("pointermove", (event) => {
      if (!held || !event.buttons) return;
      view.scrollLeft = held[0] - event.clientX; view.scrollTop = held[1] - event.clientY;
    });
    dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
    dialog.showModal();
    view.focus();
  }
  const words = link.dataset;
})();
