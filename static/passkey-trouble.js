// Says on the page that a passkey didn't work; allauth only tells the console.
document.addEventListener("allauth.error", (event) => {
  const said = document.getElementById("passkey-trouble");
  document.getElementById("main").prepend(said);
  said.hidden = false;
  event.preventDefault();
});
