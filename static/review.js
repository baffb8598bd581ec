// The review page by keyboard, and a sign of life while it is looked at. Everything works without it.
"use strict";

(() => {
  const page = document.getElementById("review"), keys = document.getElementById("keys"), form = document.getElementById("decide");
  const typing = (element) => element.closest("textarea, select, input:not([type=radio]), [contenteditable]");
  const press = (key) => {
    const button = document.querySelector(`[data-key="${key}"]`);
    if (button) { button.click(); return true; }
    if (form && /^[1-9]$/.test(key)) {
      const choice = form.querySelectorAll("input[name=label]")[Number(key) - 1];
      if (choice) { choice.checked = true; choice.focus(); return true; }
    }
    if (form && key === "r") { form.querySelector("[name=policy]").focus(); return true; }
    if (form && key === "Enter" && form.querySelector("input[name=label]:checked")) { form.requestSubmit(); return true; }
    if (key === "?") { keys.showModal(); return true; }
    return false;
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || keys.open || typing(event.target)) return;
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    if (press(event.key)) event.preventDefault();
  });
  document.getElementById("show-keys").addEventListener("click", () => keys.showModal());

  // A canned reply is shown as it would be sent, and can be changed.
  const reply = form?.querySelector("[name=reply]"), note = form?.querySelector("[name=public_note]"), policy = form?.querySelector("[name=policy]");
  let filled = "";
  const fill = () => {
    const text = reply.selectedOptions[0]?.dataset.text ?? "";
    if (note.value.trim() && note.value !== filled) return; // somebody has written something of their own
    note.value = filled = text.replaceAll("{policy}", policy.value ? policy.selectedOptions[0].textContent.trim() : "");
  };
  reply?.addEventListener("change", fill);
  if (reply) policy.addEventListener("change", () => { if (reply.value) fill(); });

  const beat = page.dataset.beat;
  if (beat) {
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    let active = true;
    for (const kind of ["keydown", "pointerdown", "pointermove", "scroll"]) addEventListener(kind, () => { active = true; }, { passive: true });
    setInterval(() => {
      if (!active || document.hidden) return;
      active = false;
      fetch(beat, { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => {});
    }, 45000);
  }
})();
