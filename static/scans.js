// Makes the pages about scans nicer. Everything works without it, but for the camera.
"use strict";

const byId = (id) => document.getElementById(id);
const JSON_PLEASE = { Accept: "application/json" };
const tokenOf = (form) => form.querySelector("[name=csrfmiddlewaretoken]").value;

// -- The camera --------------------------------------------------------------------------------------

function camera(panel) {
  const view = byId("view"), hint = byId("hint"), guidance = byId("guidance"), start = byId("start"), take = byId("take"), words = panel.dataset;
  const watch = byId("watch"), stop = byId("stop"), keep = byId("keep"), drop = byId("drop-live"), estimate = byId("estimate");
  const canvas = document.createElement("canvas"), pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const show = (...buttons) => { for (const one of [start, take, watch, stop, keep, drop]) one.hidden = !buttons.includes(one); };
  if (!navigator.mediaDevices?.getUserMedia) { hint.textContent = words.none; return; }
  show(start);
  start.addEventListener("click", async () => {
    try {
      view.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720, facingMode: "user" } });
    } catch { hint.textContent = words.refused; return; }
    await view.play();
    faceFinder.load(words.finder).catch(() => {}); // without it the light is judged alone
    while (!view.videoWidth) await pause(50);
    hint.textContent = "";
    show(take, watch); take.focus({ preventScroll: true });
    setInterval(() => { if (!take.disabled && !take.hidden) guide(); }, 700);
  });

  function draw(width) {
    canvas.width = width; canvas.height = Math.round((width * view.videoHeight) / view.videoWidth) & ~1;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(view, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height).data;
  }

  function picture(width, quality) {
    draw(Math.min(width, view.videoWidth) & ~1);
    // Not toBlob: it waits for an idle moment that a page with a live picture may not get.
    const letters = atob(canvas.toDataURL("image/jpeg", quality).split(",")[1]);
    return new Blob([Uint8Array.from(letters, (letter) => letter.charCodeAt(0))]);
  }

  function form() {
    const body = new FormData();
    body.append("csrfmiddlewaretoken", tokenOf(panel));
    return body;
  }

  function guide() {
    const data = draw(64);
    let light = 0;
    for (let at = 0; at < data.length; at += 4) light += (data[at] + data[at + 1] + data[at + 2]) / 3;
    light /= data.length / 4;
    let said = light < 45 ? words.dark : light > 225 ? words.bright : words.good;
    if (faceFinder.ready && said === words.good) {
      const face = faceFinder.find(view, view.videoWidth, view.videoHeight);
      said += ` ${!face ? words.noFace : face.width < 0.2 ? words.far : words.face}`;
    }
    if (guidance.textContent !== said) guidance.textContent = said; // only what is new is read out
  }

  take.addEventListener("click", async () => {
    take.disabled = true;
    hint.textContent = words.taking; guidance.textContent = "";
    const body = form(), count = Number(words.frames);
    try {
      for (let number = 0; number < count; number++) {
        body.append("frames", picture(1280, 0.92), `${number}.jpg`);
        await pause(125);
      }
      hint.textContent = words.sending;
      const answer = await fetch(words.to, { method: "POST", body, headers: JSON_PLEASE });
      const said = await answer.json();
      if (answer.ok) {
        view.srcObject.getTracks().forEach((track) => track.stop());
        return location.assign(said.url);
      }
      hint.textContent = said.said || said.detail || words.lost;
    } catch { hint.textContent = words.lost; }
    take.disabled = false;
  });

  // Watching live: a picture a second goes out, what is said of the latest ones comes back.
  let live = "", watching = false, last = "";
  const ask = (address, body = form()) => fetch(address, { method: "POST", body, headers: JSON_PLEASE });

  async function sendOne() {
    const body = form();
    body.append("picture", picture(960, 0.9), "picture.jpg");
    const answer = await ask(live, body), said = await answer.json();
    if (answer.status === 429) return pause(1000 * (Number(answer.headers.get("Retry-After")) || 5));
    if (!answer.ok) { hint.textContent = said.said || words.lost; return halt(false); }
    if (said.html !== last) { estimate.innerHTML = last = said.html; } // only what is new is read out
  }

  function halt(tell = true) {
    watching = false;
    show(keep, drop); keep.focus({ preventScroll: true });
    if (tell) hint.textContent = words.stopped;
  }

  watch.addEventListener("click", async () => {
    let broke = 0;
    try {
      const made = await ask(words.live), said = await made.json();
      if (!made.ok) { hint.textContent = said.said || said.detail || words.lost; return; }
      live = said.url;
    } catch { hint.textContent = words.lost; return; }
    watching = true; last = ""; estimate.textContent = ""; estimate.hidden = false;
    hint.textContent = words.watching; guidance.textContent = "";
    show(stop); stop.focus({ preventScroll: true });
    while (watching) {
      const began = Date.now();
      try { await sendOne(); broke = 0; } catch { if (++broke > 5) { hint.textContent = words.lost; halt(false); } }
      await pause(Math.max(0, 1000 - (Date.now() - began)));
    }
  });
  stop.addEventListener("click", () => halt());
  keep.addEventListener("click", async () => {
    try {
      const answer = await ask(`${live}keep/`), said = await answer.json();
      if (answer.ok) { live = ""; return location.assign(said.url); }
      hint.textContent = said.said || said.detail || words.lost;
    } catch { hint.textContent = words.lost; }
  });
  drop.addEventListener("click", async () => {
    try { await ask(`${live}drop/`); } catch { hint.textContent = words.lost; return; }
    live = ""; estimate.hidden = true;
    show(take, watch);
    hint.textContent = words.gone;
  });
  addEventListener("pagehide", () => { if (live) navigator.sendBeacon(`${live}drop/`, form()); });
}

for (const [id, begin] of [["camera", camera]]) {
  const found = byId(id);
  if (found) begin(found);
}
