// The library: selecting, and keys. Everything works without it.
"use strict";

(() => {
  const boxes = [...document.querySelectorAll("input[name=scan]")], all = document.getElementById("all"), count = document.getElementById("count");
  const search = document.getElementById("search"), bulk = document.getElementById("selected");
  let last = null;

  function show() {
    const number = boxes.filter((box) => box.checked).length;
    for (const box of boxes) box.closest(".tile, tr").classList.toggle("is-selected", box.checked);
    bulk.classList.toggle("is-active", number > 0);
    if (all) { all.checked = number === boxes.length; all.indeterminate = number > 0 && number < boxes.length; }
    if (count) count.textContent = number ? count.dataset.some.replace("{number}", number) : count.dataset.all;
  }

  if (bulk && boxes.length) {
    if (all) all.hidden = document.querySelector("label[for=all]").hidden = false;
    all?.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; show(); });
    for (const box of boxes) {
      box.addEventListener("click", (event) => { // with Shift, all from the last one to this
        if (event.shiftKey && last) {
          const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
          for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
        }
        last = box;
        show();
      });
    }
    show();
  }

  const sort = document.getElementById("id_sort");
  sort?.addEventListener("change", () => sort.form.requestSubmit());

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "/" && !typing && search) { event.preventDefault(); search.focus(); search.select(); }
    if (event.key === "Escape" && !typing && bulk && !document.querySelector("details.menu[open]")) {
      for (const box of boxes) box.checked = false;
      show();
    }
  });
})();
