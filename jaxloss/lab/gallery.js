const field = document.getElementById("search");
const cards = [...document.querySelectorAll(".loss")];
const families = [...document.querySelectorAll(".family")];
const show = () => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const card of cards) {
    card.hidden = !words.every((word) => card.dataset.words.includes(word));
    shown += !card.hidden;
  }
  for (const family of families) family.hidden = !family.querySelector(".loss:not([hidden])");
  document.getElementById("count").textContent = shown === 1 ? "1 loss" : `${shown} losses`;
  document.getElementById("nothing").hidden = shown > 0;
};
field.addEventListener("input", show);
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  }
});
// A link to a loss finds it even if a search hides it.
addEventListener("hashchange", () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.hidden || target?.closest("[hidden]")) {
    field.value = "";
    show();
    target.scrollIntoView();
  }
});
show();
