// Boxes and heat map over the picture, or over the film while it plays.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);
  const player = byId("player"), stage = byId("stage"), heat = byId("show-heat"), strength = byId("heat-strength");
  for (const part of document.querySelectorAll("[data-needs-script]")) part.hidden = false;

  if (!stage) return;
  const layer = stage.querySelector(".heat-layer");

  if (layer && strength) {
    const set = () => layer.setAttribute("opacity", strength.value / 100);
    strength.addEventListener("input", () => { heat.checked = true; set(); heat.dispatchEvent(new Event("change")); });
    set();
  }

  // -- One face of several ----------------------------------------------------------------------------------

  function select(number) {
    for (const box of stage.querySelectorAll(".face-box")) box.classList.toggle("selected", box.dataset.face === number);
    for (const shot of document.querySelectorAll(".shot")) shot.setAttribute("aria-pressed", String(shot.dataset.face === number));
    for (const face of document.querySelectorAll(".face-strip .face")) face.classList.toggle("selected", face.dataset.face === number);
    const boxes = byId("show-boxes");
    if (number && boxes && !boxes.checked) boxes.click();
  }
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest(".face-strip [data-face]:not(li)");
    if (!chosen) return;
    const again = chosen.matches("[aria-pressed=true]");
    select(again ? "" : chosen.dataset.face);
    if (!again) stage.scrollIntoView({ block: "nearest" });
  });

  // -- A film: the boxes follow it -----------------------------------------------------------------------------

  if (!player || !byId("tracks")) return;
  const SEEN = 0.12, BETWEEN = 5; // seconds: how long a position holds, and over what gap a face is followed
  const tracks = JSON.parse(byId("tracks").textContent).map((track) => ({
    ...track, box: stage.querySelector(`.face-box[data-face="${track.face}"]`),
  }));

  // Where a face was seen it has a solid frame; between two such moments a dashed one, on the way from one to the other.
  function place(at, time) {
    const after = at.findIndex((seen) => seen[0] > time), before = after < 0 ? at.length - 1 : after - 1;
    const near = [at[before], at[after]].find((seen) => seen && Math.abs(seen[0] - time) <= SEEN);
    if (near) return { box: near.slice(1), seen: true };
    if (before < 0 || after < 0) return null;
    const [first, second] = [at[before], at[after]];
    if (second[0] - first[0] > BETWEEN) return null;
    const share = (time - first[0]) / (second[0] - first[0]);
    return { box: first.slice(1).map((value, side) => value + share * (second[side + 1] - value)), seen: false };
  }

  // Until it is played or moved, the film shows its poster: a frame of another time.
  let drawn = -1, poster = player.poster && player.currentTime === 0;
  for (const kind of ["play", "seeking"]) player.addEventListener(kind, () => { poster = false; });
  function draw() {
    const time = poster ? Number(player.dataset.posterTime) : player.currentTime;
    if (time === drawn) return;
    drawn = time;
    for (const { box, at } of tracks) {
      const where = place(at, time);
      box.setAttribute("visibility", where ? "visible" : "hidden");
      if (!where) continue;
      const frame = box.querySelector("rect"), text = box.querySelector("text"), [left, top, width, height] = where.box;
      for (const [name, value] of Object.entries({ x: left, y: top, width, height })) frame.setAttribute(name, value.toFixed(1));
      const letters = Number(text.getAttribute("font-size"));
      text.setAttribute("x", left.toFixed(1));
      text.setAttribute("y", Math.max(top - letters / 4, letters).toFixed(1));
      box.classList.toggle("estimated", !where.seen);
    }
    if (layer) layer.setAttribute("visibility", Math.abs(Number(layer.dataset.time) - time) <= SEEN ? "visible" : "hidden");
  }

  for (const kind of ["loadeddata", "seeked", "timeupdate", "pause"]) player.addEventListener(kind, draw);
  player.addEventListener("play", function follow() {
    draw();
    if (!player.paused && !player.ended) requestAnimationFrame(follow);
  });
  // The map was drawn of one frame: switched on, it shows that frame.
  heat?.addEventListener("change", () => {
    if (!heat.checked) return;
    player.pause();
    player.currentTime = Number(layer.dataset.time);
  });
  draw();
})();
