/* Long tables fold; without this script they simply stand open. */
document.querySelectorAll("table.long").forEach(function (table) {
  "use strict";
  var button = table.parentElement.nextElementSibling;
  table.classList.add("folded");
  button.hidden = false;
  button.addEventListener("click", function () { table.classList.remove("folded"); button.hidden = true; });
});
window.addEventListener("beforeprint", function () {
  "use strict";
  document.querySelectorAll("details").forEach(function (block) { block.open = true; });
});
/* What scrolls must be reached by keyboard; what does not is no stop on the way. */
document.querySelectorAll(".scroll").forEach(function (box) {
  "use strict";
  if (box.scrollWidth > box.clientWidth) { box.tabIndex = 0; }
});
