// The list of items by keyboard: j and k move, Enter opens, x ticks, n claims the next one, z undoes.
"use strict";

(() => {
  const rows = [...document.querySelectorAll("#result_list tbody tr")];
  let place = -1;
  const move = (by) => {
    rows[place]?.classList.remove("here");
    place = Math.max(0, Math.min(rows.length - 1, place + by));
    rows[place]?.classList.add("here");
    rows[place]?.scrollIntoView({ block: "nearest" });
  };
  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    Enter: () => rows[place]?.querySelector("th a, td a")?.click(),
    x: () => rows[place]?.querySelector(".action-select")?.click(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
    if (event.key === "Enter" && (place < 0 || event.target.closest("a, button, summary"))) return;
    const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (button) button.click(); else if (KEYS[event.key]) KEYS[event.key](); else return;
    event.preventDefault();
  });
})();
