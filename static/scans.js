// Makes the pages about scans nicer. Everything works without it, but for the camera.
"use strict";

const byId = (id) => document.getElementById(id);
const JSON_PLEASE = { Accept: "application/json" };
const tokenOf = (form) => form.querySelector("[name=csrfmiddlewaretoken]").value;

// -- Handing in: one request a file, with progress, one after the other ------------------------------

function upload(form) {
  const input = byId("id_files"), drop = byId("drop"), list = byId("sending");
  const words = form.dataset, media = /^(image|video)\//, named = /\.(heic|heif|avif|mkv|mov|avi|tiff?|bmp)$/i;
  const PIECE = 8 << 20;
  let queue = [], batch = null, going = false, last = null, taken = 0, number = 0;

  const refusal = (file) =>
    file.size === 0 ? words.empty
    : file.size > Number(words.limit) ? words.tooLarge
    : !media.test(file.type) && !named.test(file.name) ? words.noMedia : "";

  function show(file) {
    const row = document.createElement("li"), said = document.createElement("span"), bar = document.createElement("progress");
    row.append(`${file.name} `, said);
    said.className = "quiet";
    bar.max = 100; bar.value = 0; bar.setAttribute("aria-label", file.name);
    list.append(row);
    return { row, said, bar };
  }

  function take(files) {
    const some = [...files];
    if (some.some((file) => /\.zip$/i.test(file.name))) { // opened by the server
      input.files = files;
      return form.submit();
    }
    const room = Number(words.most) - queue.length - taken;
    if (some.length > room) show({ name: words.tooMany });
    const single = some.length === 1 && !queue.length && !going;
    for (const file of some.slice(0, Math.max(0, room))) {
      const shown = show(file), wrong = refusal(file);
      // Among several, the server refuses it as well, so that the batch's page lists it after this page is gone.
      const costly = file.size > PIECE && file.size <= Number(words.limit);
      if (wrong && (single || costly)) { shown.said.textContent = wrong; shown.row.className = "wrong"; continue; }
      shown.said.textContent = words.waiting;
      queue.push({ file, key: `${form.elements.key.value} ${number += 1}`, broke: 0, ...shown });
    }
    if (!going && queue.length) go();
  }

  async function go() {
    going = true;
    if (queue.length > 1 || batch) batch = batch || await open();
    while (queue.length) {
      const next = queue.shift();
      const address = batch ? batch.url : form.action;
      const answer = await send(next, address);
      if (answer === "later") { queue.unshift(next); continue; }
      if (answer) { last = answer; taken += 1; }
      if (queue.length && !batch) batch = await open();
    }
    going = false;
    if (taken) location.assign(batch ? batch.url : last.url);
  }

  async function open() {
    for (;;) {
      const answer = await fetch(words.batches, { method: "POST", headers: { ...JSON_PLEASE, "X-CSRFToken": tokenOf(form) } });
      if (answer.ok) return answer.json();
      if (answer.status !== 429) throw new Error(answer.statusText);
      await wait(Number(answer.headers.get("Retry-After")) || 5);
    }
  }

  const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

  // Large files come in pieces (tus 1.0), and go on where they were when the connection comes back, or the page.
  const HEADERS = { "Tus-Resumable": "1.0.0" };

  async function sendInPieces({ file, row, said, bar }) {
    const mark = `upload ${file.name} ${file.size} ${file.lastModified}`, token = { "X-CSRFToken": tokenOf(form) };
    const letters = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
    const stop = document.createElement("button");
    let stopped = false, place = localStorage.getItem(mark), broke = 0;
    stop.type = "button"; stop.className = "button small"; stop.textContent = words.cancel;
    stop.addEventListener("click", () => { stopped = true; if (place) fetch(place, { method: "DELETE", headers: { ...HEADERS, ...token } }); });
    row.append(bar, stop);
    const end = (text, result) => {
      localStorage.removeItem(mark);
      said.textContent = text; row.classList.toggle("wrong", !result);
      bar.remove(); stop.remove();
      return result;
    };
    while (!stopped) {
      try {
        let at = 0;
        if (place) {
          const known = await fetch(place, { method: "HEAD", headers: HEADERS });
          if (known.ok) at = Number(known.headers.get("Upload-Offset")); else place = null;
        }
        if (!place) {
          const meta = [`filename ${letters(file.name)}`];
          if (batch) meta.push(`batch ${letters(batch.id)}`);
          if (byId("id_consents_to_training").checked) meta.push(`consents_to_training ${letters("on")}`);
          const made = await fetch(words.pieces, { method: "POST", headers: { ...HEADERS, ...token, "Upload-Length": file.size, "Upload-Metadata": meta.join(",") } });
          if (made.status === 429) { said.textContent = words.slow; await wait(Number(made.headers.get("Retry-After")) || 5); continue; }
          if (made.status !== 201) return end((await made.json().catch(() => ({}))).said || words.lost, null);
          place = made.headers.get("Location");
          localStorage.setItem(mark, place);
        }
        while (!stopped) {
          const began = Date.now(), piece = file.slice(at, at + PIECE);
          const sent = await fetch(place, { method: "PATCH", body: piece, headers: { ...HEADERS, ...token, "Upload-Offset": at, "Content-Type": "application/offset+octet-stream" } });
          if (!sent.ok) {
            if (sent.status < 500 && ![409, 423].includes(sent.status)) return end((await sent.json().catch(() => ({}))).said || words.lost, null);
            throw new Error(sent.status);
          }
          at = Number(sent.headers.get("Upload-Offset")); broke = 0;
          bar.value = (100 * at) / file.size;
          said.textContent = `${words.sending} · ${Math.round(bar.value)} % · ${(piece.size / 1048.576 / Math.max(1, Date.now() - began)).toFixed(1)} MB/s`;
          if (sent.headers.get("Scan-Location")) return end(words.done, { url: sent.headers.get("Scan-Location") });
        }
      } catch {
        said.textContent = `${words.lost} …`;
        if (broke++ > 20) return end(words.lost, null);
        await wait(Math.min(15, 2 ** broke));
      }
    }
    return end(words.cancelled, null);
  }

  function send(next, address) {
    return next.file.size > PIECE ? sendInPieces(next) : sendWhole(next, address);
  }

  // Sent again with its key, a file that was taken in is not taken in twice.
  function sendWhole(next, address) {
    const { file, row, said, bar } = next;
    return new Promise((done) => {
      const request = new XMLHttpRequest(), body = new FormData(), stop = document.createElement("button"), began = Date.now();
      body.append("csrfmiddlewaretoken", tokenOf(form));
      if (byId("id_consents_to_training").checked) body.append("consents_to_training", "on");
      body.append("files", file, file.name);
      body.append("key", next.key);
      stop.type = "button"; stop.className = "button small"; stop.textContent = words.cancel;
      stop.addEventListener("click", () => request.abort());
      row.append(bar, stop);
      request.upload.addEventListener("progress", (event) => {
        bar.value = (100 * event.loaded) / event.total;
        const speed = event.loaded / 1048.576 / Math.max(1, Date.now() - began);
        said.textContent = `${words.sending} · ${Math.round(bar.value)} % · ${speed.toFixed(1)} MB/s`;
      });
      const end = (text, wrong, result) => {
        said.textContent = text;
        row.classList.toggle("wrong", wrong);
        bar.remove(); stop.remove();
        done(result);
      };
      const again = async (text, seconds) => {
        said.textContent = text;
        await wait(seconds);
        bar.remove(); stop.remove();
        done("later");
      };
      request.addEventListener("load", () => {
        let answer = {};
        try { answer = JSON.parse(request.responseText); } catch { /* a page, not an answer */ }
        if (request.status === 201) return end(words.done, false, answer);
        if (request.status === 429) return again(words.slow, Number(request.getResponseHeader("Retry-After")) || 5);
        if (request.status >= 500 && request.status !== 507 && next.broke++ < 5) return again(`${words.lost} …`, 2 ** next.broke);
        end(answer.said || answer.detail || words.lost, true, null);
      });
      request.addEventListener("error", () => (next.broke++ < 5 ? again(`${words.lost} …`, 2 ** next.broke) : end(words.lost, true, null)));
      request.addEventListener("abort", () => end(words.cancelled, true, null));
      request.open("POST", address);
      request.setRequestHeader("Accept", "application/json");
      request.send(body);
    });
  }

  form.addEventListener("submit", (event) => {
    if ([...input.files].some((file) => /\.zip$/i.test(file.name))) return;
    event.preventDefault();
    take(input.files);
    input.value = ""; input.required = false;
  });
  for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); input.required = false; take(event.dataTransfer.files); });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) { input.required = false; take(event.clipboardData.files); }
  });
}

// -- The history ------------------------------------------------------------------------------------

function ticking(all) {
  const boxes = document.querySelectorAll("input[name=scan]");
  all.hidden = document.querySelector("label[for=all]").hidden = false;
  all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; });
}

// -- The camera --------------------------------------------------------------------------------------

function camera(panel) {
  const view = byId("view"), hint = byId("hint"), guidance = byId("guidance"), start = byId("start"), take = byId("take"), words = panel.dataset;
  const watch = byId("watch"), stop = byId("stop"), keep = byId("keep"), drop = byId("drop-live"), glimpse = byId("glimpse");
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
    if (said.html !== last) { glimpse.innerHTML = last = said.html; } // only what is new is read out
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
    watching = true; last = ""; glimpse.textContent = ""; glimpse.hidden = false;
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
    live = ""; glimpse.hidden = true;
    show(take, watch);
    hint.textContent = words.gone;
  });
  addEventListener("pagehide", () => { if (live) navigator.sendBeacon(`${live}drop/`, form()); });
}

for (const [id, begin] of [["upload", upload], ["all", ticking], ["camera", camera]]) {
  const found = byId(id);
  if (found) begin(found);
}
