// The review page by keyboard, and a sign of life while it is looked at. Everything works without it.
"use strict";

(() => {
  const page = document.getElementById("review"), keys = document.getElementById("keys"), form = document.getElementById("decide");
  const player = document.getElementById("player");
  let chosen = Boolean(form?.querySelector("input[name=action]:checked")); // an action, by a person
  const typing = (element) => element.closest("textarea, select, input:not([type=radio], [type=checkbox]), [contenteditable]");
  const field = (name) => form?.querySelector(`[name=${name}]`);
  const choose = (name, number) => {
    const choice = form?.querySelectorAll(`input[name=${name}]`)[number];
    if (!choice) return false;
    choice.checked = true;
    if (name === "action") chosen = true;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    choice.focus();
    return true;
  };
  const focus = (element) => { element?.focus(); element?.scrollIntoView({ block: "nearest" }); return Boolean(element); };

  // An element with a data-key is what its key does: a button is pressed, a field focused, a summary opened.
  const use = (element) => {
    if (element.matches("textarea, select, input")) return focus(element);
    if (element.matches("summary")) {
      element.parentElement.open = !element.parentElement.open;
      return focus(element.parentElement.open && element.parentElement.querySelector("textarea, select") || element);
    }
    element.click();
    return true;
  };
  const SWITCHES = { f: "show-boxes", e: "show-heat" };
  const FIELDS = { r: "policy", t: "reply", w: "public_note" };
  const press = (event) => {
    const key = event.key;
    const element = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (element) return use(element);
    if (/^[1-5]$/.test(key)) return choose("label", Number(key) - 1);
    if (/^[6-9]$/.test(key)) return choose("action", Number(key) - 6);
    if (FIELDS[key]) return focus(field(FIELDS[key]));
    if (SWITCHES[key]) { document.getElementById(SWITCHES[key])?.click(); return true; }
    if (key === "m") return focus(document.querySelector("#note-form textarea"));
    if (key === "Enter" && form?.querySelector("input[name=label]:checked")) {
      form.requestSubmit(form.querySelector(event.shiftKey ? "[name=then]" : "[type=submit]"));
      return true;
    }
    if (player && key === "p") { if (player.paused) player.play().catch(() => {}); else player.pause(); return true; }
    if (player && (key === "ArrowLeft" || key === "ArrowRight") && !event.target.closest("input")) {
      player.currentTime += key === "ArrowLeft" ? -1 : 1;
      return true;
    }
    return false;
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur(); // so that keys work again
      return;
    }
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    if (press(event)) event.preventDefault();
  });
  document.getElementById("show-keys").addEventListener("click", () => keys.showModal());

  // The action follows the label, until somebody chooses one.
  form?.addEventListener("change", (event) => {
    if (event.target.name === "action") chosen = event.isTrusted || chosen;
    if (event.target.name !== "label" || chosen) return;
    const action = form.querySelector(`input[name=action][value="${event.target.dataset.action}"]`);
    if (action) action.checked = true;
  });

  // A canned reply is shown as it would be sent, and can be changed. It brings its policy along.
  const reply = field("reply"), note = field("public_note"), policy = field("policy");
  let filled = "";
  const fill = () => {
    const text = reply.selectedOptions[0]?.dataset.text ?? "";
    if (note.value.trim() && note.value !== filled) return; // somebody has written something of their own
    note.value = filled = text.replaceAll("{policy}", policy.selectedOptions[0]?.dataset.title ?? "");
  };
  reply?.addEventListener("change", () => {
    if (!policy.value) policy.value = reply.selectedOptions[0]?.dataset.policy ?? "";
    fill();
  });
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
