// Links with a time move the player of the page to it. Without this script they open the film at that time.
"use strict";

(() => {
  const player = document.getElementById("player");
  for (const part of document.querySelectorAll("[data-needs-script]")) part.hidden = false;
  if (!player) return;

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-seek]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    player.currentTime = Number(link.dataset.seek);
    player.scrollIntoView({ block: "nearest" });
  });

  const screen = document.getElementById("whole-screen"), stage = document.getElementById("stage");
  if (screen && stage.requestFullscreen) {
    screen.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen()));
  } else if (screen) {
    screen.hidden = true;
  }
})();
