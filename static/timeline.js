// The chart under a film: hover tells time and score, clicks and keys move the player, and the player moves the line.
"use strict";

(() => {
  const player = document.getElementById("player"), seek = document.getElementById("seek");
  if (!seek) return;
  const { duration, moments, stretches } = JSON.parse(document.getElementById("moments").textContent);
  const now = document.getElementById("now"), pointer = document.getElementById("pointer"), tip = document.getElementById("tip");
  const reading = document.getElementById("reading");
  const NEAR = 0.75; // seconds: further away than this, no frame was looked at

  const clock = (seconds) => {
    const tenths = Math.round(seconds * 10), whole = Math.floor(tenths / 600);
    return `${whole}:${String(Math.floor((tenths % 600) / 10)).padStart(2, "0")}.${tenths % 10}`;
  };
  const nearest = (time) => moments.reduce((best, moment) => (Math.abs(moment[0] - time) < Math.abs(best[0] - time) ? moment : best));
  const say = (moment) => (moment[1] === null ? seek.dataset.unscored : `${seek.dataset.score} ${moment[1]}${moment[2] ? `, ${moment[2]}` : ""}`);
  const describe = (time) => {
    const moment = nearest(time);
    return Math.abs(moment[0] - time) <= NEAR ? `${clock(time)} · ${say(moment)}` : clock(time);
  };
  const put = (line, time) => {
    const x = `${(100 * Math.min(time, duration)) / duration}%`;
    line.setAttribute("x1", x); line.setAttribute("x2", x);
    line.setAttribute("visibility", "visible");
  };
  const timeAt = (event) => {
    const box = seek.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * duration;
  };

  // Hovering catches the nearest frame that was looked at, if the mouse is close to it.
  function hover(event) {
    const box = seek.getBoundingClientRect(), moment = nearest(timeAt(event));
    const caught = Math.abs((moment[0] / duration) * box.width - (event.clientX - box.left)) < 8;
    const time = caught ? moment[0] : timeAt(event);
    put(pointer, time);
    tip.textContent = caught ? `${clock(time)} · ${say(moment)}` : describe(time);
    tip.hidden = false;
    tip.style.insetInlineStart = `${Math.max(0, Math.min(box.width - tip.offsetWidth, (time / duration) * box.width - tip.offsetWidth / 2))}px`;
    return time;
  }
  const leave = () => { tip.hidden = true; pointer.setAttribute("visibility", "hidden"); };

  seek.hidden = false;
  seek.addEventListener("pointermove", hover);
  seek.addEventListener("pointerleave", leave);
  if (!player) { // the course alone, where the film itself is not shown
    seek.removeAttribute("role"); seek.removeAttribute("tabindex"); seek.removeAttribute("aria-label");
    return;
  }

  function go(time) {
    player.currentTime = Math.max(0, Math.min(time, duration));
    show(player.currentTime);
  }
  function show(time) {
    put(now, time);
    seek.setAttribute("aria-valuenow", time.toFixed(1));
    seek.setAttribute("aria-valuetext", describe(time));
    reading.textContent = describe(time);
  }

  let dragging = false;
  seek.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    dragging = true;
    seek.setPointerCapture(event.pointerId);
    go(hover(event));
  });
  seek.addEventListener("pointermove", (event) => { if (dragging) go(timeAt(event)); });
  for (const kind of ["pointerup", "pointercancel"]) seek.addEventListener(kind, () => { dragging = false; });

  const next = (time) => stretches.find((start) => start > time + 0.05) ?? duration;
  const previous = (time) => stretches.findLast((start) => start < time - 0.05) ?? 0;
  const KEYS = {
    ArrowRight: (time) => time + 1, ArrowUp: (time) => time + 1,
    ArrowLeft: (time) => time - 1, ArrowDown: (time) => time - 1,
    PageDown: next, PageUp: previous, Home: () => 0, End: () => duration,
  };
  seek.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === " ") {
      if (player.paused) player.play(); else player.pause();
    } else if (KEYS[event.key]) {
      go(KEYS[event.key](player.currentTime));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  for (const kind of ["timeupdate", "seeking", "loadedmetadata"]) player.addEventListener(kind, () => show(player.currentTime));
  // Between two of the browser's notes the line moves on with the picture.
  player.addEventListener("play", function move() {
    show(player.currentTime);
    if (!player.paused && !player.ended) requestAnimationFrame(move);
  });
})();
