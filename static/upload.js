// The upload form: what was chosen is listed with thumbnails, can be removed again, and is sent one file after the other.
// Without this script the form is sent as it is.
"use strict";

(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const words = form.dataset, part = (name) => form.querySelector(`[data-part=${name}]`);
  const inputs = [...form.querySelectorAll("input[type=file]")], list = part("chosen"), status = part("status");
  const address = form.elements.address, submit = part("submit");
  const options = ["consents_to_training", "zero_retention"], ticked = () => options.filter((name) => form.elements[name].checked);
  const results = part("results"), drop = part("drop");
  const token = form.elements.csrfmiddlewaretoken.value, JSON_PLEASE = { Accept: "application/json" };
  const media = /^(image|video)\//, named = /\.(heic|heif|avif|mkv|mov|avi|tiff?|bmp)$/i, archive = /\.zip$/i;
  const PIECE = 8 << 20;
  let items = [], batch = null, sending = false, taken = 0, last = null, number = 0;

  form.classList.add("scripted");
  for (const input of inputs) input.required = false;
  if (part("add-address")) part("add-address").hidden = false;

  // -- Choosing --------------------------------------------------------------------------------------

  // As the rest of the site writes sizes.
  const decimal = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const size = (bytes) => (bytes < 1 << 20 ? `${decimal.format(bytes / 1024)}\u00a0KB` : `${decimal.format(bytes / (1 << 20))}\u00a0MB`);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

  const refusal = (file) =>
    file.size === 0 ? words.empty
    : file.size > Number(words.limit) ? words.tooLarge
    : !media.test(file.type) && !named.test(file.name) && !archive.test(file.name) ? words.noMedia : "";

  function picture(file) {
    const frame = document.createElement("span");
    frame.className = "thumb-of";
    frame.textContent = file ? (file.name.split(".").pop() || "").slice(0, 4).toUpperCase() : "URL";
    const kind = file?.type.startsWith("video/") ? "video" : file?.type.startsWith("image/") ? "img" : "";
    if (!kind || !file.size) return frame;
    const shown = document.createElement(kind);
    shown.src = URL.createObjectURL(file) + (kind === "video" ? "#t=0.1" : "");
    if (kind === "video") Object.assign(shown, { muted: true, preload: "metadata" });
    else shown.alt = "";
    shown.addEventListener("error", () => shown.remove());
    frame.append(shown);
    return frame;
  }

  function add(item) {
    const row = document.createElement("li"), text = document.createElement("span"), name = document.createElement("b");
    const detail = document.createElement("span"), remove = document.createElement("button");
    name.textContent = item.name; name.title = item.name;
    detail.className = "detail";
    text.className = "about";
    text.append(name, detail);
    remove.type = "button"; remove.className = "button small"; remove.textContent = words.remove;
    remove.setAttribute("aria-label", fill(words.removeName, { name: item.name }));
    remove.addEventListener("click", () => takeAway(item));
    row.append(picture(item.file), text, remove);
    list.append(row);
    Object.assign(item, { row, text, detail, button: remove, broke: 0, key: `${form.elements.key.value} ${number += 1}` });
    items.push(item);
    if (item.wrong) say(item, item.wrong, "wrong");
    else say(item, item.file ? size(item.file.size) : "", "");
    count();
  }

  function takeAway(item) {
    const next = item.row.nextElementSibling || item.row.previousElementSibling;
    items = items.filter((other) => other !== item);
    item.row.remove();
    (next?.querySelector("button") || inputs[0]).focus();
    count();
  }

  function choose(files) {
    const room = Number(words.most) - items.length;
    const some = [...files];
    for (const file of some.slice(0, Math.max(0, room))) add({ file, name: file.name, wrong: refusal(file) });
    if (some.length > room) status.textContent = words.tooMany;
  }

  function chooseAddress(text) {
    try {
      const url = new URL(text.trim());
      if (!/^https?:$/.test(url.protocol)) return false;
      add({ address: url.href, name: url.href, wrong: "" });
      return true;
    } catch { return false; }
  }

  const open = () => items.filter((item) => !item.wrong && !item.done);

  function count() {
    const ready = open().length;
    submit.disabled = sending || !ready;
    submit.textContent = ready > 1 ? fill(words.uploadMany, { number: ready }) : words.upload;
    list.hidden = !items.length;
    if (!sending) status.textContent = "";
  }

  function say(item, text, kind) {
    item.detail.textContent = text;
    item.row.className = kind;
  }

  // -- Sending ---------------------------------------------------------------------------------------

  const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

  async function go() {
    const queue = open();
    sending = true; count();
    const archives = queue.filter((item) => item.file && archive.test(item.file.name));
    const single = queue.filter((item) => !archives.includes(item));
    if (archives.length) {
      const answer = await insist(archives[0], () => send(archives, form.action));
      if (answer) batch = answer;
    } else if (queue.length > 1) batch = batch || await openBatch();
    // Among several, what was refused here is sent as well where it is small, so that the batch's page lists it too.
    const refused = batch ? items.filter((item) => item.wrong && !item.done && item.file && item.file.size <= PIECE) : [];
    for (const [at, item] of single.entries()) {
      status.textContent = queue.length > 1 ? fill(words.sendingMany, { at: at + 1, number: single.length }) : "";
      await insist(item, () => (item.file?.size > PIECE ? sendInPieces(item) : send([item], batch ? batch.url : form.action)));
    }
    for (const item of refused) { item.done = true; await send([item], batch.url, true); }
    sending = false;
    finish();
  }

  function finish() {
    count();
    const wrong = items.filter((item) => item.wrong), target = batch ? batch.url : last?.url;
    if (taken && !wrong.length) return location.assign(target);
    if (taken) {
      status.textContent = fill(words.finished, { taken, refused: wrong.length });
      results.href = target; results.hidden = false; results.focus();
    } else if (wrong.length) {
      status.textContent = words.noneTaken;
    }
  }

  async function insist(item, attempt) {
    for (;;) {
      const answer = await attempt();
      if (answer !== "later") return answer;
    }
  }

  async function openBatch() {
    for (;;) {
      const answer = await fetch(words.batches, { method: "POST", headers: { ...JSON_PLEASE, "X-CSRFToken": token } });
      if (answer.ok) return answer.json();
      if (answer.status !== 429) throw new Error(answer.statusText);
      status.textContent = words.slow;
      await wait(Number(answer.headers.get("Retry-After")) || 5);
    }
  }

  function begin(item, stop) {
    const bar = document.createElement("progress");
    bar.max = 100; bar.value = 0; bar.setAttribute("aria-label", item.name);
    item.text.append(bar);
    item.button.textContent = words.cancel;
    item.button.setAttribute("aria-label", fill(words.cancelName, { name: item.name }));
    item.button.replaceWith(item.button = item.button.cloneNode(true)); // without what removes the row
    item.button.addEventListener("click", stop);
    return bar;
  }

  function end(item, bar, text, result) {
    bar.remove();
    item.done = true;
    item.wrong = result ? "" : text;
    say(item, text, result ? "done" : "wrong");
    item.button.remove();
    if (result) { taken += 1; last = result; }
    return result;
  }

  function progress(item, bar, sent, all, began) {
    const seconds = (Date.now() - began) / 1000, left = sent ? Math.ceil((seconds * (all - sent)) / sent) : 0;
    bar.value = (100 * sent) / all;
    const values = { percent: Math.round(bar.value), size: size(all), seconds: left };
    say(item, fill(sent < all && seconds > 2 ? words.sendingLeft : words.sending, values), "sending");
  }

  // Refusals that another try in a few seconds doesn't change, though their status is 503.
  const FINAL = ["scanner_away"];

  // Sent again with its key, a file that was taken in is not taken in twice.
  function send(group, to, quietly = false) {
    const item = group[0];
    return new Promise((done) => {
      const request = new XMLHttpRequest(), body = new FormData(), began = Date.now();
      body.append("csrfmiddlewaretoken", token);
      for (const name of ticked()) body.append(name, "on");
      for (const each of group) if (each.file) body.append("files", each.file, each.name); else body.append("address", each.address);
      body.append("key", item.key);
      if (quietly) {
        request.addEventListener("loadend", () => done(null));
      } else {
        const bars = group.map((each) => begin(each, () => request.abort()));
        const all = (text, result) => group.map((each, at) => end(each, bars[at], text, result)).at(-1);
        const again = async (text, seconds) => {
          for (const each of group) say(each, text, "sending");
          await wait(seconds);
          for (const bar of bars) bar.remove();
          done("later");
        };
        if (item.address) say(item, words.fetching, "sending");
        else {
          const tell = (sent, all) => group.forEach((each, at) => progress(each, bars[at], sent, all, began));
          tell(0, group.reduce((sum, each) => sum + each.file.size, 0)); // a slow line may say nothing for a while
          request.upload.addEventListener("progress", (event) => tell(event.loaded, event.total));
        }
        request.addEventListener("load", () => {
          let answer = {};
          try { answer = JSON.parse(request.responseText); } catch { /* a page, not an answer */ }
          if (request.status === 201) return done(all(words.done, answer));
          if (request.status === 429) return again(words.slow, Number(request.getResponseHeader("Retry-After")) || 5);
          if (request.status >= 500 && !FINAL.includes(answer.code) && request.status !== 507 && item.broke++ < 5) return again(words.lost, 2 ** item.broke);
          done(all([answer.said || answer.detail || words.lost, answer.advice].filter(Boolean).join(" "), null));
        });
        request.addEventListener("error", () => (item.broke++ < 5 ? again(words.lost, 2 ** item.broke) : done(all(words.gaveUp, null))));
        request.addEventListener("abort", () => done(all(words.cancelled, null)));
      }
      request.open("POST", to);
      request.setRequestHeader("Accept", "application/json");
      request.send(body);
    });
  }

  // Large files go in pieces (tus 1.0), and on from where they were when the connection comes back, or the page.
  const HEADERS = { "Tus-Resumable": "1.0.0" };

  async function sendInPieces(item) {
    const { file } = item, mark = `upload ${file.name} ${file.size} ${file.lastModified}`, headers = { ...HEADERS, "X-CSRFToken": token };
    const letters = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
    let stopped = false, place = localStorage.getItem(mark), broke = 0, from = 0;
    const bar = begin(item, () => { stopped = true; if (place) fetch(place, { method: "DELETE", headers }); });
    const finishWith = (text, result) => { localStorage.removeItem(mark); return end(item, bar, text, result); };
    const why = async (answer) => { const said = await answer.json().catch(() => ({})); return [said.said || words.gaveUp, said.advice].filter(Boolean).join(" "); };
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
          for (const name of ticked()) meta.push(`${name} ${letters("on")}`);
          const made = await fetch(words.pieces, { method: "POST", headers: { ...headers, "Upload-Length": file.size, "Upload-Metadata": meta.join(",") } });
          if (made.status === 429) { say(item, words.slow, "sending"); await wait(Number(made.headers.get("Retry-After")) || 5); continue; }
          if (made.status !== 201) return finishWith(await why(made), null);
          place = made.headers.get("Location");
          localStorage.setItem(mark, place);
        }
        const began = Date.now();
        from = at;
        progress(item, bar, at, file.size, began);
        while (!stopped) {
          const sent = await fetch(place, { method: "PATCH", body: file.slice(at, at + PIECE), headers: { ...headers, "Upload-Offset": at, "Content-Type": "application/offset+octet-stream" } });
          if (!sent.ok) {
            if ((sent.status < 500 && ![409, 423].includes(sent.status)) || FINAL.includes((await sent.clone().json().catch(() => ({}))).code)) return finishWith(await why(sent), null);
            throw new Error(sent.status);
          }
          at = Number(sent.headers.get("Upload-Offset")); broke = 0;
          progress(item, bar, at, file.size, began - (from ? 0 : 1));
          if (sent.headers.get("Scan-Location")) return finishWith(words.done, { url: sent.headers.get("Scan-Location") });
        }
      } catch {
        say(item, words.lost, "sending");
        if (broke++ > 20) return finishWith(words.gaveUp, null);
        await wait(Math.min(15, 2 ** broke));
      }
    }
    return finishWith(words.cancelled, null);
  }

  // -- What people do --------------------------------------------------------------------------------

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (address?.value.trim() && chooseAddress(address.value)) address.value = "";
    if (!sending && open().length) go();
  });
  for (const input of inputs) input.addEventListener("change", () => { choose(input.files); input.value = ""; submit.focus(); });
  for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); choose(event.dataTransfer.files); });
  part("add-address")?.addEventListener("click", () => {
    if (chooseAddress(address.value)) address.value = "";
    else { address.reportValidity(); address.focus(); }
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) choose(event.clipboardData.files);
    else if (address && !event.target.closest("input, textarea") && chooseAddress(event.clipboardData.getData("text"))) event.preventDefault();
  });
  addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });
  count();
})();
